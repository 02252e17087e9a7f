package proxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"sluice/flow"
)

// archiveRoot is where an environment archive of the Apigee emulator keeps its
// files (clients.md): src/main/apigee/{apiproxies,sharedflows,environments/E}.
const archiveRoot = "src/main/apigee"

// findArchive returns the src/main/apigee folder at or below root, or "".
func findArchive(root string) string {
	for _, dir := range [...]string{filepath.Join(root, archiveRoot), root, filepath.Join(root, "main", "apigee")} {
		if info, err := os.Stat(filepath.Join(dir, "environments")); err == nil && info.IsDir() {
			return dir
		}
	}
	return ""
}

// ReadEnvironment reads what an environment archive at root configures for the
// environment env into e: deployments, target servers, flow hooks, key stores,
// properties, property sets. A root that is no archive changes nothing. With one environment
// in the archive, its name wins over the default "test".
func ReadEnvironment(root, env string, e *Environment) flow.Problems {
	dir := findArchive(root)
	if dir == "" {
		return nil
	}
	chosen, err := chooseEnvironment(filepath.Join(dir, "environments"), env)
	if err != nil {
		return flow.Problems{refused(root, "environments", "MissingElement", err.Error(), "choose one with --env")}
	}
	e.Name = filepath.Base(chosen)
	r := &archiveReader{dir: chosen, env: e}
	r.file("deployments.json", r.deployments)
	r.file("targetservers.json", e.addTargetServers)
	r.file("flowhooks.json", r.flowHooks)
	r.file("keystores.json", r.keyStores)
	r.file("maps.json", r.maps)
	r.file("env.json", r.properties)
	r.propertySets()
	if stores, problems := ReadKeyStores(filepath.Join(chosen, "keystores")); stores != nil || problems != nil {
		for name, s := range stores {
			e.KeyStores = put(e.KeyStores, name, s)
		}
		r.problems = append(r.problems, problems...)
	}
	return r.problems
}

func chooseEnvironment(dir, want string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	var names []string
	for _, d := range entries {
		if d.IsDir() {
			names = append(names, d.Name())
		}
	}
	sort.Strings(names)
	for _, n := range names {
		if n == want {
			return filepath.Join(dir, n), nil
		}
	}
	if len(names) == 1 && want == DefaultEnvironment {
		return filepath.Join(dir, names[0]), nil
	}
	return "", fmt.Errorf("the archive has no environment %q; it has %s", want, strings.Join(names, ", "))
}

// DefaultEnvironment is the environment's name unless one is given.
const DefaultEnvironment = "test"

// archiveReader reads the JSON files of one environment.
type archiveReader struct {
	dir      string
	env      *Environment
	problems flow.Problems
}

func (r *archiveReader) file(name string, use func([]byte) error) {
	data, err := os.ReadFile(filepath.Join(r.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil {
		err = use(data)
	}
	if err != nil {
		r.problems = append(r.problems, jsonProblem(filepath.Join(r.dir, name), data, err))
	}
}

// jsonProblem tells where in a JSON file something is wrong.
func jsonProblem(file string, data []byte, err error) flow.Problem {
	p := refused(file, file, "InvalidValue", err.Error(), "compare the file with the Apigee emulator's documentation of environment archives")
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	offset := int64(-1)
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	}
	if offset >= 0 && offset <= int64(len(data)) {
		before := string(data[:offset])
		p.Line = strings.Count(before, "\n") + 1
		p.Column = len(before) - strings.LastIndexByte(before, '\n')
	}
	return p
}

// deployments: {"proxies":["p", {"name":"p","serviceAccount":"a"}],"sharedflows":[]}.
func (r *archiveReader) deployments(data []byte) error {
	var file struct {
		Proxies     []json.RawMessage `json:"proxies"`
		SharedFlows []json.RawMessage `json:"sharedflows"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return err
	}
	if r.env.Deploy == nil {
		r.env.Deploy = map[string]bool{}
	}
	r.env.DeployFile = filepath.Join(r.dir, "deployments.json")
	for _, raw := range append(file.Proxies, file.SharedFlows...) {
		var entry struct {
			Name           string `json:"name"`
			ServiceAccount string `json:"serviceAccount"`
		}
		if json.Unmarshal(raw, &entry.Name) != nil {
			if err := json.Unmarshal(raw, &entry); err != nil {
				return err
			}
		}
		if entry.Name == "" {
			return fmt.Errorf("an entry names no proxy and no shared flow: %s", raw)
		}
		r.env.Deploy[entry.Name] = true
		if entry.ServiceAccount != "" {
			r.env.Accounts = put(r.env.Accounts, entry.Name, entry.ServiceAccount)
		}
	}
	return nil
}

func put[V any](m map[string]V, k string, v V) map[string]V {
	if m == nil {
		m = map[string]V{}
	}
	m[k] = v
	return m
}

// flowHooks: {"PreProxyFlowHook":"sf"} or {"PreProxyFlowHook":{"sharedFlow":"sf","continueOnError":true}}.
func (r *archiveReader) flowHooks(data []byte) error {
	var file map[string]json.RawMessage
	if err := json.Unmarshal(data, &file); err != nil {
		return err
	}
	for point, raw := range file {
		hook := struct {
			SharedFlow      string  `json:"sharedFlow"`
			ContinueOnError lenient `json:"continueOnError"`
		}{}
		if json.Unmarshal(raw, &hook.SharedFlow) != nil {
			if err := json.Unmarshal(raw, &hook); err != nil {
				return err
			}
		}
		if !slices.Contains(hookPoints, point) {
			return fmt.Errorf("%q is no flow hook; they are %s", point, strings.Join(hookPoints, ", "))
		}
		r.env.FlowHooks = put(r.env.FlowHooks, point, FlowHook{hook.SharedFlow, hook.ContinueOnError.true(true)})
	}
	return nil
}

// keyStores: {"stores":{},"references":{"ref":"store"}}; the stores themselves
// are PEM files in the folder keystores.
func (r *archiveReader) keyStores(data []byte) error {
	var file struct {
		References map[string]json.RawMessage `json:"references"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return err
	}
	for name, raw := range file.References {
		ref := struct {
			Refers string `json:"refers"`
		}{}
		if json.Unmarshal(raw, &ref.Refers) != nil {
			if err := json.Unmarshal(raw, &ref); err != nil {
				return err
			}
		}
		r.env.References = put(r.env.References, name, ref.Refers)
	}
	return nil
}

// properties: {"properties":{"property":[{"name":"features.SSLInfo.Enforce","value":"true"}]}},
// as the Apigee API shows an environment.
func (r *archiveReader) properties(data []byte) error {
	var file struct {
		Properties struct {
			Property []struct{ Name, Value string } `json:"property"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return err
	}
	for _, p := range file.Properties.Property {
		if p.Name == "features.SSLInfo.Enforce" && isTrue(p.Value) {
			r.env.EnforceTLS = true
		}
	}
	return nil
}

// maps: Apigee's emulator takes key-value maps only from its test data
// (clients.md); the file is checked, and the user is told.
func (r *archiveReader) maps(data []byte) error {
	var list []struct {
		Name string `json:"name"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	p := refused(r.dir, filepath.Join(r.dir, "maps.json"), "MapsNotRead",
		"key-value maps are not read from an environment, as in Apigee's emulator; the "+strconv.Itoa(len(list))+" maps are not loaded",
		"keep them in src/tests/SET/maps.json, and load that folder with --org-data")
	p.Severity = flow.Warning.String()
	r.problems = append(r.problems, p)
	return nil
}

// propertySets reads the environment's own property sets and other resources:
// resources/TYPE/NAME.
func (r *archiveReader) propertySets() {
	root := filepath.Join(r.dir, "resources")
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		kind, name, ok := strings.Cut(filepath.ToSlash(rel), "/")
		if !ok {
			return nil
		}
		r.env.Resources = put(r.env.Resources, kind+"://"+name, data)
		if kind != "properties" {
			return nil
		}
		values, err := parseProperties(data)
		if err != nil {
			return fmt.Errorf("%s: %w", rel, err)
		}
		r.env.PropertySets = put(r.env.PropertySets, strings.TrimSuffix(name, ".properties"), values)
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.problems = append(r.problems, refused(r.dir, root, "InvalidValue", err.Error(), "write one key=value a line"))
	}
}
