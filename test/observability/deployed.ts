/** The queries of `deploy/`: of the dashboard and of the alert rules. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const folder = fileURLToPath(new URL('../../deploy/', import.meta.url));
/** A file of `deploy/`, by its path there. */
export const deployed = (path: string): string => `${folder}${path}`;

export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly targets?: readonly Target[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly type: string;
      readonly query: string | { query: string };
    }[];
  };
}

export const dashboard = JSON.parse(
  readFileSync(deployed('grafana/dashboards/temporal-tryon.json'), 'utf8'),
) as Dashboard;

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook: string };
}

export const alerts = (
  parse(readFileSync(deployed('alerts.yml'), 'utf8')) as { groups: { rules: Alert[] }[] }
).groups.flatMap(({ rules }) => rules);

/** An alert's query: its expression without the comparison at its end. Of `absent(...)`, what must be there. */
export function queryOf({ alert, expr }: Alert): string {
  const [, query] = /^(.*\S)\s*(?:==|!=|<=|>=|<|>)\s*[\d.]+$/s.exec(expr) ?? [];
  if (query === undefined) throw new Error(`${alert} is no query with a comparison at its end`);
  return /^absent\((.*)\)$/s.exec(query)?.[1] ?? query;
}

/** A panel's query as Grafana sends it for all accounts. */
export const forAllAccounts = (expr: string): string =>
  expr.replaceAll('$account', '.+').replaceAll('$__rate_interval', '1m');
