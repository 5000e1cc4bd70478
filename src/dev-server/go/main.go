// A Temporal server with its UI on SQLite, in one process: what `temporal server start-dev` of the Temporal CLI is. It takes those arguments
// of it that temporal-server.ts gives. It exists because the CLI's newer versions cannot be built from the Go module proxy.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	ui "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
	uiversion "github.com/temporalio/ui-server/v2/server/version"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/headers"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/primitives"
	schema "go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/temporal"
)

const clusterName = "active"

type options struct {
	ip, dbFilename, logLevel        string
	port, uiPort, httpPort, metrics int
	headless                        bool
	namespaces                      []string
	searchAttributes                map[string]enums.IndexedValueType
	dynamicConfig                   dynamicconfig.StaticClient
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Printf("temporal-tryon dev server (Server %s, UI %s)\n", headers.ServerVersion, uiversion.UIVersion)
		return
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	opts, err := parse(args)
	if err != nil {
		return err
	}
	sql, err := database(opts)
	if err != nil {
		return err
	}
	conf, hosts, err := serverConfig(opts, sql)
	if err != nil {
		return err
	}
	server, err := temporal.NewServer(
		temporal.WithConfig(conf),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts),
		temporal.WithLogger(log.NewZapLogger(log.BuildZapLogger(log.Config{Level: opts.logLevel}))),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper {
			return authorization.NewNoopClaimMapper()
		}),
		temporal.WithDynamicConfigClient(opts.dynamicConfig),
		temporal.InterruptOn(temporal.InterruptCh()),
	)
	if err != nil {
		return err
	}
	if !opts.headless {
		go func() {
			if err := serveUI(opts); err != nil {
				fmt.Fprintln(os.Stderr, "Temporal UI:", err)
				os.Exit(1)
			}
		}()
	}
	// Returns after SIGINT or SIGTERM, once the server has stopped. The UI keeps nothing.
	return server.Start()
}

func parse(args []string) (*options, error) {
	opts := &options{
		searchAttributes: map[string]enums.IndexedValueType{},
		dynamicConfig: dynamicconfig.StaticClient{
			// What was just created is there for the next call: tests and the demo do not wait for caches.
			dynamicconfig.MakeKey("system.forceSearchAttributesCacheRefreshOnRead"): true,
			dynamicconfig.MakeKey("system.forceNexusEndpointRefreshOnRead"):         true,
			// Without those caches there are more calls to the database.
			dynamicconfig.MakeKey("frontend.persistenceMaxQPS"):              10_000,
			dynamicconfig.MakeKey("history.persistenceMaxQPS"):               45_000,
			dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key(): 100,
			dynamicconfig.HistoryCacheHostLevelMaxSize.Key():                 8_096,
		},
	}
	flags := flag.NewFlagSet("dev-server", flag.ContinueOnError)
	flags.StringVar(&opts.ip, "ip", "127.0.0.1", "address to listen on")
	flags.IntVar(&opts.port, "port", 7233, "gRPC port")
	flags.IntVar(&opts.httpPort, "http-port", 7243, "port of the HTTP API")
	flags.IntVar(&opts.uiPort, "ui-port", 8233, "port of the UI")
	flags.IntVar(&opts.metrics, "metrics-port", 0, "port of Prometheus metrics; 0: none")
	flags.BoolVar(&opts.headless, "headless", false, "without the UI")
	flags.StringVar(&opts.dbFilename, "db-filename", "", "SQLite file; none: in memory")
	flags.StringVar(&opts.logLevel, "log-level", "warn", "debug, info, warn or error")
	flags.String("color", "never", "ignored")
	flags.Func("namespace", "namespace to create; again for more", func(name string) error {
		opts.namespaces = append(opts.namespaces, name)
		return nil
	})
	flags.Func("search-attribute", "name=type; again for more", func(pair string) error {
		name, kind, _ := strings.Cut(pair, "=")
		value, err := enums.IndexedValueTypeFromString(kind)
		opts.searchAttributes[name] = value
		return err
	})
	flags.Func("dynamic-config-value", "key=JSON; again for more", func(pair string) error {
		key, text, _ := strings.Cut(pair, "=")
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			return err
		}
		// The server takes no float64 where it wants an int.
		if number, ok := value.(float64); ok && number == float64(int(number)) {
			value = int(number)
		}
		opts.dynamicConfig[dynamicconfig.MakeKey(key)] = value
		return nil
	})
	return opts, flags.Parse(args)
}

// The database, with its schema and namespaces.
func database(opts *options) (*config.SQL, error) {
	sql := &config.SQL{PluginName: sqlite.PluginName}
	if opts.dbFilename == "" {
		sql.DatabaseName = fmt.Sprintf("dev-server-%d", time.Now().UnixNano())
		sql.ConnectAttributes = map[string]string{"mode": "memory", "cache": "shared"}
	} else {
		sql.DatabaseName = opts.dbFilename
		sql.ConnectAttributes = map[string]string{"mode": "rwc"}
		if _, err := os.Stat(opts.dbFilename); errors.Is(err, os.ErrNotExist) {
			if err := schema.SetupSchema(sql); err != nil {
				return nil, err
			}
		}
	}
	namespaces := []*schema.NamespaceConfig{}
	for _, name := range append([]string{"default"}, opts.namespaces...) {
		namespace, err := schema.NewNamespaceConfig(clusterName, name, false, opts.searchAttributes)
		if err != nil {
			return nil, err
		}
		namespaces = append(namespaces, namespace)
	}
	return sql, schema.CreateNamespaces(sql, namespaces...)
}

func serverConfig(opts *options, sql *config.SQL) (*config.Config, map[primitives.ServiceName]static.Hosts, error) {
	address := func(port int) string { return fmt.Sprintf("%s:%d", opts.ip, port) }
	conf := &config.Config{
		Global: config.Global{Membership: config.Membership{
			MaxJoinDuration:  30 * time.Second,
			BroadcastAddress: opts.ip,
		}},
		Persistence: config.Persistence{
			DefaultStore:     "sqlite",
			VisibilityStore:  "sqlite",
			NumHistoryShards: 1,
			DataStores:       map[string]config.DataStore{"sqlite": {SQL: sql}},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{clusterName: {
				Enabled:                true,
				InitialFailoverVersion: 1,
				RPCAddress:             address(opts.port),
				HTTPAddress:            address(opts.httpPort),
				ClusterID:              "5b0c3a52-2f0f-4b3c-9a54-1d2f6c9f1e11",
			}},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services:            map[string]config.Service{},
		PublicClient:        config.PublicClient{HostPort: address(opts.port)},
	}
	if opts.metrics != 0 {
		conf.Global.Metrics = &metrics.Config{
			Prometheus: &metrics.PrometheusConfig{ListenAddress: address(opts.metrics), HandlerPath: "/metrics"},
		}
	}
	conf.Archival.History.State, conf.Archival.Visibility.State = "disabled", "disabled"
	conf.NamespaceDefaults.Archival.History.State = "disabled"
	conf.NamespaceDefaults.Archival.Visibility.State = "disabled"

	hosts := map[primitives.ServiceName]static.Hosts{}
	for _, service := range temporal.DefaultServices {
		rpc := config.RPC{BindOnIP: opts.ip, GRPCPort: opts.port, HTTPPort: opts.httpPort}
		if service != string(primitives.FrontendService) {
			port, err := freePort(opts.ip)
			if err != nil {
				return nil, nil, err
			}
			rpc = config.RPC{BindOnIP: opts.ip, GRPCPort: port}
		}
		conf.Services[service] = config.Service{RPC: rpc}
		hosts[primitives.ServiceName(service)] = static.SingleLocalHost(address(rpc.GRPCPort))
	}
	return conf, hosts, nil
}

// A port that the system gives to nobody else for a minute: of a connection that was closed it keeps the port back, but lets it be listened on.
func freePort(ip string) (int, error) {
	listener, err := net.Listen("tcp", ip+":0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return 0, err
	}
	defer client.Close()
	accepted, err := listener.Accept()
	if err != nil {
		return 0, err
	}
	// The side that closes first keeps its port back, and here that is the port in question.
	return listener.Addr().(*net.TCPAddr).Port, accepted.Close()
}

func serveUI(opts *options) error {
	return ui.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		Host:                opts.ip,
		Port:                opts.uiPort,
		TemporalGRPCAddress: fmt.Sprintf("%s:%d", opts.ip, opts.port),
		EnableUI:            true,
		CORS:                uiconfig.CORS{CookieInsecure: true},
		HideLogs:            true,
		DisableNewsFetch:    true,
	})).Start()
}
