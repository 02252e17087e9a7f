package proxy

import (
	"crypto/x509"
	"encoding/pem"
	"reflect"
	"strings"
	"testing"
)

const testEnvironment = "src/main/apigee/environments/test/"

func TestReadEnvironment(t *testing.T) {
	d := newDisk(t)
	d.write(testEnvironment+"deployments.json", `{"proxies":["a",{"name":"b","serviceAccount":"robot@x"}],"sharedflows":[{"name":"c"}]}`)
	d.write(testEnvironment+"targetservers.json", `[
		{"name":"plain","host":"h","port":80},
		{"name":"strings","host":"h","port":"443","isEnabled":"false","protocol":"grpc","sSLInfo":{"enabled":"true","enforce":"true","clientAuthEnabled":true,"keyStore":"ref://ks","keyAlias":"al","trustStore":"ts",
			"ignoreValidationErrors":"True","ciphers":["A"],"protocols":["TLSv1.2"],"commonName":{"value":"*.x","wildcardMatch":"true"}}},
		{"name":"null","host":"h","port":1,"isEnabled":null}]`)
	d.write(testEnvironment+"flowhooks.json", `{"PreProxyFlowHook":"a","PostProxyFlowHook":{"sharedFlow":"b","continueOnError":"false"},"PreTargetFlowHook":{"sharedFlow":"c"}}`)
	d.write(testEnvironment+"keystores.json", `{"references":{"ks":"store","other":{"refers":"store2"}}}`)
	d.write(testEnvironment+"maps.json", `[{"name":"m"}]`)
	d.write(testEnvironment+"env.json", `{"name":"test","properties":{"property":[{"name":"a","value":"b"},{"name":"features.SSLInfo.Enforce","value":"true"}]}}`)
	d.write(testEnvironment+"resources/properties/set.properties", "a = 1\nb=${a}\n# c\n")
	d.write(testEnvironment+"resources/jsc/lib/x.js", "code")
	a := newAuthority(t)
	pair := a.sign(t, a.template("client"))
	d.write(testEnvironment+"keystores/store/al.crt", string(certificatePEM(pair.Certificate[0])))
	d.write(testEnvironment+"keystores/store/al.key", string(keyPEM(t, pair.PrivateKey)))
	d.write(testEnvironment+"keystores/store/README.md", "not a certificate")
	d.write(testEnvironment+"keystores/store/ca.pem", string(certificatePEM(a.cert.Raw)))
	e := &Environment{}
	problems := ReadEnvironment(d.root, "test", e)
	if len(problems) != 1 || problems.Refused() || !strings.Contains(problems[0].Message, "1 maps are not loaded") {
		t.Fatal(problems)
	}
	if !reflect.DeepEqual(e.Deploy, map[string]bool{"a": true, "b": true, "c": true}) || e.account("b") != "robot@x" || e.account("a") != "" || e.Name != "test" {
		t.Errorf("deployments: %v, accounts %v, environment %q", e.Deploy, e.Accounts, e.Name)
	}
	if got, want := *e.TargetServers["plain"], (TargetServer{Name: "plain", Host: "h", Port: 80, Enabled: true}); got != want {
		t.Errorf("%+v", got)
	}
	if !e.EnforceTLS {
		t.Error("features.SSLInfo.Enforce was not read")
	}
	full := e.TargetServers["strings"]
	if full.Enabled || full.Protocol != "GRPC" || full.Port != 443 || !e.TargetServers["null"].Enabled {
		t.Errorf("%+v", full)
	}
	if want := (&SSLInfo{Enabled: "true", Enforce: true, ClientAuthEnabled: "true", KeyStore: "ref://ks", KeyAlias: "al", TrustStore: "ts", IgnoreValidationErrors: true,
		CommonName: "*.x", WildcardCommonName: true, Ciphers: []string{"A"}, Protocols: []string{"TLSv1.2"}}); !reflect.DeepEqual(full.SSL, want) {
		t.Errorf("%+v", full.SSL)
	}
	if want := map[string]FlowHook{preProxyHook: {"a", true}, postProxyHook: {"b", false}, preTargetHook: {"c", true}}; !reflect.DeepEqual(e.FlowHooks, want) {
		t.Errorf("flow hooks: %v", e.FlowHooks)
	}
	if !reflect.DeepEqual(e.PropertySets["set"], map[string]string{"a": "1", "b": "${a}"}) || string(e.Resources["jsc://lib/x.js"]) != "code" {
		t.Errorf("property sets %v, resources %v", e.PropertySets, e.Resources)
	}
	store := e.keyStore("ref://ks")
	if store == nil || len(store.Aliases["al"].Certificate) != 1 || store.Trusted == nil || e.References["other"] != "store2" {
		t.Fatalf("key store %+v, references %v", store, e.References)
	}
	if _, err := a.cert.Verify(x509.VerifyOptions{Roots: store.Trusted}); err != nil {
		t.Error(err)
	}
}

// TestChooseEnvironment: by name; the only one stands in for the default.
func TestChooseEnvironment(t *testing.T) {
	d := newDisk(t)
	d.write("src/main/apigee/environments/prod/deployments.json", `{"proxies":["p"]}`)
	e := &Environment{}
	if problems := ReadEnvironment(d.root, DefaultEnvironment, e); len(problems) > 0 || e.Name != "prod" || !e.Deploy["p"] {
		t.Errorf("%v, %+v", problems, e)
	}
	if problems := ReadEnvironment(d.root, "stage", &Environment{}); len(problems) != 1 || !strings.Contains(problems[0].Message, `no environment "stage"; it has prod`) {
		t.Error(problems)
	}
	d.write("src/main/apigee/environments/dev/deployments.json", `{"proxies":["q"]}`)
	if problems := ReadEnvironment(d.root, DefaultEnvironment, &Environment{}); len(problems) != 1 || !strings.Contains(problems[0].Message, "it has dev, prod") {
		t.Error(problems)
	}
	if problems := ReadEnvironment(t.TempDir(), "test", e); problems != nil {
		t.Errorf("no archive: %v", problems)
	}
}

// TestEnvironmentErrors: each file that is wrong is named, with the place.
func TestEnvironmentErrors(t *testing.T) {
	for _, c := range []struct{ file, text, want string }{
		{"deployments.json", "{\n \"proxies\": [x]}", "invalid character 'x'"},
		{"deployments.json", `{"proxies": [17]}`, "cannot unmarshal number"},
		{"deployments.json", `{"proxies": [{}]}`, "names no proxy"},
		{"targetservers.json", `{}`, "cannot unmarshal object"},
		{"targetservers.json", `[{"name":"a","host":"h","port":"many"}]`, `target server "a": port "many" is not a number from 1 to 65535`},
		{"targetservers.json", `[{"name":"a","host":"h","port":70000}]`, "not a number from 1 to 65535"},
		{"targetservers.json", `[{"name":"a","port":1}]`, `needs a name and a host, this has name "a" and host ""`},
		{"targetservers.json", `[{"host":"h","port":1}]`, `has name "" and host "h"`},
		{"targetservers.json", `[{"name":"a","host":"h","port":1,"sSLInfo":{"enabled":true,"enforced":true}}]`, `[0].sSLInfo: there is no field "enforced": did you mean "enforce"?`},
		{"flowhooks.json", `{"PreProxyFlowHook":[]}`, "cannot unmarshal array"},
		{"flowhooks.json", `{"PreFlowHook":"a"}`, `"PreFlowHook" is no flow hook`},
		{"keystores.json", `{"references":{"a":1}}`, "cannot unmarshal number"},
		{"keystores.json", `[]`, "cannot unmarshal array"},
		{"maps.json", `{}`, "cannot unmarshal object"},
		{"resources/properties/s.properties", `a=\u00zz`, "s.properties"},
		{"keystores/s/al.key", "no key", "al.crt"},
		{"keystores/s/ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "ca.pem"},
		{"keystores/s/ca.crt", "no certificate", "ca.crt: there is no certificate in PEM"},
	} {
		t.Run(c.file+" "+c.text, func(t *testing.T) {
			d := newDisk(t)
			d.write(testEnvironment+c.file, c.text)
			problems := ReadEnvironment(d.root, "test", &Environment{})
			if len(problems) != 1 || !problems.Refused() || !strings.Contains(problems[0].Message, c.want) {
				t.Fatalf("got %v, want a problem with %q", problems, c.want)
			}
			if p := problems[0]; !strings.Contains(p.File+p.Message, strings.TrimPrefix(c.file[strings.LastIndex(c.file, "/")+1:], "/")) && !strings.HasPrefix(c.file, "keystores/") {
				t.Errorf("the file is not named: %+v", p)
			}
			if strings.HasPrefix(c.want, "cannot unmarshal") || strings.HasPrefix(c.want, "invalid character") {
				if problems[0].Line == 0 || problems[0].Column == 0 {
					t.Errorf("no place: %+v", problems[0])
				}
			}
		})
	}
}

func certificatePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func keyPEM(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// FuzzTargetServers reads arbitrary files.
func FuzzTargetServers(f *testing.F) {
	f.Add([]byte(`[{"name":"a","host":"h","port":1,"description":"d","added":"later","sSLInfo":{"enforced":true}}]`))
	f.Add([]byte(`[{"name":"a","host":"h","port":"443","isEnabled":"true","sSLInfo":{"enabled":true}}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		servers, err := ReadTargetServers(data)
		for _, s := range servers {
			if s.Name == "" || s.Host == "" || s.Port < 1 || s.Port > 65535 {
				t.Errorf("read %+v, %v", s, err)
			}
		}
	})
}
