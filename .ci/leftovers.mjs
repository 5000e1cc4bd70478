// Fails if processes of the tests go on after them: those that began after the process named by its id, and work in this folder or have a
// path of it among their arguments. Where there is no /proc it says nothing.
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const root = process.cwd();
const ended = Symbol('ended');
const read = (pid, what, how = (path) => readFileSync(path, 'utf8')) => {
  try {
    return how(`/proc/${pid}/${what}`);
  } catch {
    return ended;
  }
};
/** When it began, in the kernel's ticks. The name before it may hold spaces. */
const startOf = (pid) => Number(String(read(pid, 'stat')).split(') ').at(-1).split(' ')[19]);
const parentOf = (pid) => Number(/^PPid:\s*(\d+)$/m.exec(String(read(pid, 'status')))?.[1] ?? 0);

/** This process and those that it runs in, such as the shell of the caller. */
const own = new Set();
for (let pid = process.pid; pid > 0 && !own.has(pid); pid = parentOf(pid)) own.add(pid);

function leftovers() {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && !own.has(Number(name)));
  return pids.flatMap((pid) => {
    const cwd = read(pid, 'cwd', readlinkSync);
    const args = String(read(pid, 'cmdline')).split('\0');
    const isHere = cwd === root || args.some((arg) => arg.startsWith(`${root}/`));
    const isNew = startOf(pid) > startOf(process.argv[2]);
    return isHere && isNew && read(pid, 'cmdline') !== '' ? [`${pid} ${args.join(' ').slice(0, 200)}`] : [];
  });
}

if (existsSync('/proc/self/status')) {
  let left = leftovers();
  // What ends with its parent needs a moment.
  for (let tries = 0; left.length > 0 && tries < 20; tries++) {
    await sleep(500);
    left = leftovers();
  }
  if (left.length > 0) {
    console.log(`processes of the tests go on:\n  ${left.join('\n  ')}`);
    process.exitCode = 1;
  }
}
