package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"sluice/internal/orgdata"
)

// settings are what an operator may decide. Each has one name, used three times:
// as a key of the configuration file, as an environment variable
// (SLUICE_MAP_HOST), as a flag (--map-host). The later of the three wins.
type settings struct {
	Paths          []string          `yaml:"paths"`
	Listen         string            `yaml:"listen"`
	MaxConnections int               `yaml:"max-connections"`
	BodyMemory     int               `yaml:"body-memory"`
	TLSListen      string            `yaml:"tls-listen"`
	TLSCert        string            `yaml:"tls-cert"`
	TLSKey         string            `yaml:"tls-key"`
	TLSClientCA    string            `yaml:"tls-client-ca"`
	SelfSigned     bool              `yaml:"tls-self-signed"`
	TLSEnforce     bool              `yaml:"tls-enforce"`
	Admin          string            `yaml:"admin"`
	Org            string            `yaml:"org"`
	Env            string            `yaml:"env"`
	Region         string            `yaml:"region"`
	Watch          bool              `yaml:"watch"`
	Strict         bool              `yaml:"strict"`
	MapHost        map[string]string `yaml:"map-host"`
	ForwardProxy   string            `yaml:"forward-proxy"`
	TargetServers  string            `yaml:"target-servers"`
	KeyStores      string            `yaml:"keystores"`
	Integrations   string            `yaml:"integrations"`
	Integration    []string          `yaml:"integration"`
	ServiceAccount string            `yaml:"service-account"`
	FaultsBubble   bool              `yaml:"faults-bubble"`
	FaultsEdge     bool              `yaml:"faults-edge"`
	FaultsXML      bool              `yaml:"faults-xml"`
	JavaPrecedence bool              `yaml:"java-precedence"`
	AllowMissing   bool              `yaml:"allow-missing-policies"`
	Drain          time.Duration     `yaml:"drain"`
	LogLevel       string            `yaml:"log-level"`
	LogFormat      string            `yaml:"log-format"`
	AccessLog      bool              `yaml:"access-log"`
	KeepCallouts   bool              `yaml:"keep-callouts"`

	StateSettings   `yaml:",inline"`
	GoogleSettings  `yaml:",inline"`
	OutsideSettings `yaml:",inline"`
	LogSettings     `yaml:",inline"`
}

func defaultSettings() settings {
	return settings{
		Listen: ":8080", Org: "local", Env: "test", Region: "us-central1", Integrations: "local",
		BodyMemory: 1024, Drain: 30 * time.Second, LogLevel: "info", LogFormat: "console",
		GoogleSettings:  GoogleSettings{GoogleTokens: googleTokens},
		OutsideSettings: OutsideSettings{SyncLimit: 2 * time.Minute, AsyncLimit: 50 * time.Minute},
		LogSettings:     LogSettings{CloudLogging: "local"},
	}
}

// option is one setting as a flag and as an environment variable. The flag only
// records what was given; resolve applies it after the file and the environment.
type option struct {
	name, usage string
	set         func(string) error
	boolean     bool
	def         string
	given       []string
}

func (o *option) Set(s string) error { o.given = append(o.given, s); return nil }
func (o *option) Type() string {
	switch {
	case o.boolean:
		return "bool"
	case strings.Contains(o.usage, "`"):
		return ""
	}
	return "string"
}
func (o *option) String() string   { return o.def }
func (o *option) IsBoolFlag() bool { return o.boolean }
func (o *option) environment() string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(o.name, "-", "_"))
}

// text sets a field to what is given.
func text(p *string) func(string) error { return func(v string) error { *p = v; return nil } }

// list adds what is given to a field.
func list(p *[]string) func(string) error {
	return func(v string) error { *p = append(*p, v); return nil }
}

// orgOptions are the settings that say which environment it is.
func orgOptions(s *settings) []*option {
	return []*option{
		{name: "org", usage: "organization.`name`", set: text(&s.Org), def: s.Org},
		{name: "env", usage: "environment.`name`; chooses the environment of an archive", set: text(&s.Env), def: s.Env},
	}
}

// options binds every setting to its field.
func (s *settings) options() []*option {
	flag := func(p *bool) func(string) error {
		return func(v string) error {
			switch strings.ToLower(v) {
			case "true", "1", "":
				*p = true
			case "false", "0":
				*p = false
			default:
				return fmt.Errorf("%q is not true or false", v)
			}
			return nil
		}
	}
	own := []*option{
		{name: "listen", usage: "`address` for HTTP/1.1 and HTTP/2 in clear text; empty for none", set: text(&s.Listen), def: s.Listen},
		{name: "tls-listen", usage: "`address` for HTTPS (HTTP/1.1 and HTTP/2)", set: text(&s.TLSListen)},
		{name: "tls-cert", usage: "certificate `file` in PEM, with its chain", set: text(&s.TLSCert)},
		{name: "tls-key", usage: "key `file` in PEM", set: text(&s.TLSKey)},
		{name: "tls-client-ca", usage: "`file` with the CAs of client certificates (mTLS)", set: text(&s.TLSClientCA)},
		{name: "tls-self-signed", usage: "make a certificate for localhost at start", set: flag(&s.SelfSigned), boolean: true},
		{name: "max-connections", usage: "`number` of connections served at a time by --listen and --tls-listen together; more wait until one ends; 0 for no limit", set: whole(&s.MaxConnections), def: strconv.Itoa(s.MaxConnections)},
		{name: "body-memory", usage: "`MiB` that all requests together may hold of bodies that policies read; more is refused with 503; 0 for no limit", set: whole(&s.BodyMemory), def: strconv.Itoa(s.BodyMemory)},
		{name: "tls-enforce", usage: "verify the certificates of all https targets, whatever SSLInfo says, as the environment's property features.SSLInfo.Enforce does", set: flag(&s.TLSEnforce), boolean: true},
		{name: "admin", usage: "`address` of the admin page, /healthz, /readyz, /metrics and pprof; empty for none", set: text(&s.Admin)},
		{name: "region", usage: "system.region.`name`", set: text(&s.Region), def: s.Region},
		{name: "watch", usage: "reload when a bundle changes; a bad edit keeps the old revision serving", set: flag(&s.Watch), boolean: true},
		{name: "strict", usage: "do not start when a bundle is refused", set: flag(&s.Strict), boolean: true},
		{name: "map-host", usage: "send an upstream name, or *, to a local address: `NAME=HOST:PORT`; repeat it for more", set: s.setMapHost},
		{name: "forward-proxy", usage: "`URL` of the forward proxy to targets", set: text(&s.ForwardProxy)},
		{name: "target-servers", usage: "`file` in the form of targetservers.json", set: text(&s.TargetServers)},
		{name: "keystores", usage: "`folder` of key stores: STORE/ALIAS.crt and ALIAS.key, other certificates are trusted", set: text(&s.KeyStores)},
		{name: "integrations", usage: "`where` integrations run: local or google", set: text(&s.Integrations), def: s.Integrations},
		{name: "integration", usage: "exported integration version, a JSON `file`; repeat it for more", set: list(&s.Integration)},
		{name: "service-account", usage: "service account of the deployments: `EMAIL`, or PROXY=EMAIL", set: text(&s.ServiceAccount)},
		{name: "faults-bubble", usage: "let a ProxyEndpoint's rules handle target faults when the TargetEndpoint has none", set: flag(&s.FaultsBubble), boolean: true},
		{name: "faults-edge", usage: "answer with Apigee Edge's statuses where they differ", set: flag(&s.FaultsEdge), boolean: true},
		{name: "faults-xml", usage: "answer default faults in XML to clients that speak XML", set: flag(&s.FaultsXML), boolean: true},
		{name: "java-precedence", usage: "&& binds tighter than || in conditions", set: flag(&s.JavaPrecedence), boolean: true},
		{name: "allow-missing-policies", usage: "load bundles that attach policies of types which are not available; a request that reaches one ends in a fault (501)", set: flag(&s.AllowMissing), boolean: true},
		{name: "drain", usage: "`duration` that requests under way may take after SIGTERM or SIGINT; a second one ends at once", set: duration(&s.Drain, 0), def: s.Drain.String()},
		{name: "log-level", usage: "`level`: debug, info, warn or error; debug tells why requests fail, and what scripts print, which may be content of messages", set: text(&s.LogLevel), def: s.LogLevel},
		{name: "log-format", usage: "`form`: console or json", set: text(&s.LogFormat), def: s.LogFormat},
		{name: "keep-callouts", usage: "keep ServiceCallouts without Response in a queue, with their headers and payload, until they are answered; without --data or --nats they end with the process", set: flag(&s.KeepCallouts), boolean: true},
		{name: "access-log", usage: "log every request, with its status and the code of its fault", set: flag(&s.AccessLog), boolean: true},
	}
	return slices.Concat(own, orgOptions(s), s.StateSettings.options(), s.GoogleSettings.options(), s.OutsideSettings.options(), s.LogSettings.options())
}

func (s *settings) setMapHost(v string) error {
	name, to, ok := strings.Cut(v, "=")
	if !ok || name == "" || to == "" {
		return fmt.Errorf("%q is not NAME=HOST:PORT", v)
	}
	if s.MapHost == nil {
		s.MapHost = map[string]string{}
	}
	s.MapHost[name] = to
	return nil
}

// whole sets a field to a whole number.
func whole(p *int) func(string) error {
	return func(v string) error {
		n, err := strconv.Atoi(v)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", v)
		}
		*p = n
		return nil
	}
}

// duration sets a field to a time of at least that.
func duration(p *time.Duration, least time.Duration) func(string) error {
	return func(v string) error {
		d, err := time.ParseDuration(v)
		switch {
		case err != nil:
			return fmt.Errorf("%q is not a duration such as 30s", v)
		case d < least:
			return fmt.Errorf("%s is below %s", v, least)
		}
		*p = d
		return nil
	}
}

// register adds the options as flags.
func register(flags *pflag.FlagSet, options []*option) {
	for _, o := range options {
		f := flags.VarPF(o, o.name, "", o.usage)
		if o.boolean {
			f.NoOptDefVal = "true"
		}
	}
}

// resolve applies the configuration file, the environment, and the flags given.
func (s *settings) resolve(config string, options []*option) error {
	if err := s.readFile(config); err != nil {
		return err
	}
	for _, o := range options {
		if v, ok := os.LookupEnv(o.environment()); ok {
			if err := o.apply(strings.Split(v, ",")); err != nil {
				return fmt.Errorf("environment variable %s: %w", o.environment(), err)
			}
		}
		if err := o.apply(o.given); err != nil {
			return fmt.Errorf("flag --%s: %w", o.name, err)
		}
	}
	return s.check()
}

func (o *option) apply(values []string) error {
	for _, v := range values {
		if err := o.set(v); err != nil {
			return err
		}
	}
	return nil
}

// takeConfig tells the settings file from the folders among the paths of --config,
// or of SLUICE_CONFIG without that flag. Folders are data of the organization, as
// with --org-data.
func (s *settings) takeConfig(paths []string) (file string, err error) {
	if v := os.Getenv(configVariable); v != "" && len(paths) == 0 {
		paths = strings.Split(v, ",")
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err == nil && info.IsDir():
			s.OrgData = append(s.OrgData, path)
		case orgdata.IsFile(path):
			return "", fmt.Errorf("--config %s: that file is data of an organization: give it with --org-data", path)
		case file != "":
			return "", fmt.Errorf("--config is given two files, %s and %s: settings are in one; folders may be more", file, path)
		default:
			file = path // readFile says what is wrong with it
		}
	}
	return file, nil
}

// check refuses combinations that cannot work.
func (s *settings) check() error {
	switch {
	case s.Integrations != "local" && s.Integrations != "google":
		return fmt.Errorf("--integrations is %q; it is local or google", s.Integrations)
	case s.GoogleTokens != googleTokens && s.GoogleTokens != localTokens:
		return fmt.Errorf("--google-tokens is %q; it is google or local", s.GoogleTokens)
	case s.MaxConnections < 0:
		return fmt.Errorf("--max-connections is %d; it is 0, for no limit, or more", s.MaxConnections)
	case s.BodyMemory < 0:
		return fmt.Errorf("--body-memory is %d; it is 0, for no limit, or more", s.BodyMemory)
	case (s.TLSCert == "") != (s.TLSKey == ""):
		return errors.New("--tls-cert and --tls-key go together")
	case s.TLSCert != "" && s.SelfSigned:
		return errors.New("give either --tls-cert and --tls-key, or --tls-self-signed")
	case s.TLSListen != "" && s.TLSCert == "" && !s.SelfSigned:
		return errors.New("--tls-listen needs --tls-cert and --tls-key, or --tls-self-signed")
	case s.Listen == "" && s.TLSListen == "" && s.TLSCert == "" && !s.SelfSigned:
		return errors.New("nothing to listen on: give --listen or --tls-listen")
	}
	if s.TLSListen == "" && (s.TLSCert != "" || s.SelfSigned) {
		s.TLSListen = ":8443"
	}
	if s.GoogleTokens == localTokens && s.ServiceAccount == "" {
		s.ServiceAccount = localAccount
	}
	return errors.Join(s.StateSettings.check(), s.OutsideSettings.check(), s.LogSettings.check())
}
