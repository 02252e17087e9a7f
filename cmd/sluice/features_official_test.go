package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// official are features of Google's samples, unchanged, with the bundles that they
// are about. What their scripts set up (products, apps, keys) stands in
// testdata/official/NAME/org, files that the scripts make in .../overlay.
var official = []struct {
	name      string
	features  string   // below the corpus's features
	bundles   []string // repository and path
	basePath  string
	scenarios int // that must pass: all of them
	variables []string
}{
	{"apiproduct-operations", "GoogleCloudPlatform+apigee-samples/apiproduct-operations",
		[]string{"GoogleCloudPlatform/apigee-samples apiproduct-operations/bundles/apiproduct-operations/apiproxy",
			"GoogleCloudPlatform/apigee-samples apiproduct-operations/bundles/apiproduct-operations-oauth2/apiproxy"},
		"/v1/samples/apiproduct-operations", 25, []string{
			"viewerClientId=viewer", "viewerClientSecret=viewer-secret", "creatorClientId=creator", "creatorClientSecret=creator-secret",
			"adminClientId=admin", "adminClientSecret=admin-secret"}},
	{"oauth-client-credentials", "GoogleCloudPlatform+apigee-samples/oauth-client-credentials/",
		[]string{"GoogleCloudPlatform/apigee-samples oauth-client-credentials/apiproxy"}, "", 3,
		[]string{"clientId=client", "clientSecret=client-secret"}},
	{"oauth-client-credentials-with-scope", "GoogleCloudPlatform+apigee-samples/oauth-client-credentials-with-scope",
		[]string{"GoogleCloudPlatform/apigee-samples oauth-client-credentials-with-scope/apiproxy"}, "", 7,
		[]string{"read_clientId=reader", "read_clientSecret=reader-secret", "write_clientId=writer", "write_clientSecret=writer-secret"}},
	{"json-web-tokens", "GoogleCloudPlatform+apigee-samples/json-web-tokens",
		[]string{"GoogleCloudPlatform/apigee-samples json-web-tokens/apiproxy"}, "", 4, nil},
	{"basic-quota", "GoogleCloudPlatform+apigee-samples/basic-quota",
		[]string{"GoogleCloudPlatform/apigee-samples basic-quota/apiproxy"}, "", 12, []string{"clientId1=basic", "clientId2=premium"}},
	{"basic-caching", "GoogleCloudPlatform+apigee-samples/basic-caching",
		[]string{"GoogleCloudPlatform/apigee-samples basic-caching/apiproxy"}, "", 1, nil},
	{"extract-variables", "GoogleCloudPlatform+apigee-samples/extract-variables",
		[]string{"GoogleCloudPlatform/apigee-samples extract-variables/apiproxy"}, "/", 1, nil},
	{"property-set", "GoogleCloudPlatform+apigee-samples/property-set",
		[]string{"GoogleCloudPlatform/apigee-samples property-set/apiproxy"}, "/", 1, nil},
	{"threat-protection", "GoogleCloudPlatform+apigee-samples/threat-protection",
		[]string{"GoogleCloudPlatform/apigee-samples threat-protection/apiproxy"}, "", 4, nil},
	{"sackmesser", "apigee+devrel/tools/apigee-sackmesser",
		[]string{"apigee/devrel tools/apigee-sackmesser/test/sackmesser-example/apiproxy"}, "", 3, nil},
	{"auth-schemes", "apigee+devrel/references/auth-schemes", []string{"apigee/devrel references/auth-schemes/apiproxy"}, "", 11,
		[]string{"clientId=client", "clientSecret=client-secret"}},
	{"oauth-admin-api", "apigee+devrel/references/oauth-admin-api", []string{"apigee/devrel references/oauth-admin-api/apiproxy"}, "", 9,
		[]string{"clientId=client", "clientSecret=client-secret"}},
}

func TestOfficialFeatures(t *testing.T) {
	ids := corpusIDs(t)
	keys := newKeys(t)
	for _, o := range official {
		t.Run(o.name, func(t *testing.T) {
			dir := t.TempDir()
			args := []string{"test", "--features", filepath.Join(corpus, "features", o.features), "--format", "json"}
			for i, bundle := range o.bundles {
				at := filepath.Join(dir, strconv.Itoa(i))
				copyTree(t, filepath.Join(corpus, "bundles", ids[bundle]), at, keys)
				copyTree(t, filepath.Join("testdata", "official", o.name, "overlay"), at, keys)
				args = append(args, at)
			}
			org := filepath.Join(dir, "org")
			if copyTree(t, filepath.Join("testdata", "official", o.name, "org"), org, keys) {
				args = append(args, "--org-data", org)
			}
			if o.basePath != "" {
				args = append(args, "--base-path", o.basePath)
			}
			for _, v := range o.variables {
				args = append(args, "--var", v)
			}
			out, errs, code := sluice(t, args...)
			if code != 0 {
				t.Fatalf("exit code %d\n%s%s", code, errs, readable(t, args))
			}
			checkPassed(t, out, o.scenarios)
		})
	}
}

// readable runs the command again for people to read.
func readable(t *testing.T, args []string) string {
	t.Helper()
	out, _, _ := sluice(t, append(args, "--format", "text")...)
	return out
}

func checkPassed(t *testing.T, out string, want int) {
	t.Helper()
	var report struct{ Passed, Failed int }
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if report.Passed != want || report.Failed != 0 {
		t.Errorf("%d scenarios passed and %d failed, want all %d to pass", report.Passed, report.Failed, want)
	}
}

// corpusIDs finds bundles by repository and path.
func corpusIDs(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(corpus, "index.json"))
	if err != nil {
		t.Skipf("the corpus of public bundles is not here: %v", err)
	}
	var index struct {
		Bundles []struct{ ID, Repo, Path string }
	}
	if err := json.Unmarshal(data, &index); err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, b := range index.Bundles {
		ids[b.Repo+" "+b.Path] = b.ID
	}
	return ids
}

// newKeys makes what the scripts make with openssl: the replacements for the marks
// in the test's own files. JSON files want the line ends escaped.
func newKeys(t *testing.T) map[string]string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"@PRIVATE@": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
		"@PUBLIC@":  string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
	}
}

// copyTree copies a folder, if it is there, with the marks replaced.
func copyTree(t *testing.T, from, to string, marks map[string]string) bool {
	t.Helper()
	if _, err := os.Stat(from); err != nil {
		return false
	}
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		content := string(data)
		for mark, value := range marks {
			if strings.HasSuffix(path, ".json") {
				value = strings.ReplaceAll(value, "\n", `\n`)
			}
			content = strings.ReplaceAll(content, mark, value)
		}
		target := filepath.Join(to, rel)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		return os.WriteFile(target, []byte(content), 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return true
}
