package flow

import (
	"cmp"
	"crypto/sha1" //nolint:gosec // Apigee's tls.client.cert.fingerprint is defined as SHA-1
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"net"
	"net/url"
	"sort"
	"strings"
	"time"

	"sluice/faults"
)

// javaTime is the layout of time variables: EEE, dd MMM yyyy HH:mm:ss zzz.
const javaTime = "Mon, 02 Jan 2006 15:04:05 MST"

func orNull(s string) Value {
	if s == "" {
		return Value{}
	}
	return Text(s)
}

func orTrue(v Value) Value {
	if v.IsNull() {
		return Bool(true)
	}
	return v
}

// clock prints a time; for the zero time it is unset, or null when unset is "null".
func clock(t time.Time, unset string) Value {
	switch {
	case !t.IsZero():
		return Text(t.UTC().Format(javaTime))
	case unset == "null":
		return Value{}
	}
	return Text(unset)
}

func millis(t time.Time) Value {
	if t.IsZero() {
		return Int64(-1)
	}
	return Int64(t.UnixMilli())
}

func millisOrNull(t time.Time) Value {
	if t.IsZero() {
		return Value{}
	}
	return Int64(t.UnixMilli())
}

func now(part func(time.Time) int) func(*Exchange, string) Value {
	return func(x *Exchange, _ string) Value { return Int(part(x.Now().UTC())) }
}

func setMessage(name string) func(*Exchange, string, Value) error {
	return func(x *Exchange, _ string, v Value) error {
		m := v.Message()
		if m == nil {
			return &SetError{name}
		}
		x.SetMessage(name, m)
		return nil
	}
}

// inTarget makes a setter that does nothing outside the target request: setting
// target.url in the ProxyEndpoint is silently ignored (runtime.md 2.4).
func inTarget(set func(*Exchange, Value)) func(*Exchange, string, Value) error {
	return func(x *Exchange, _ string, v Value) error {
		if x.Phase == TargetRequest {
			set(x, v)
		}
		return nil
	}
}

// requestURL is what was sent to the target; Apigee leaves the port out.
func requestURL(x *Exchange, _ string) Value {
	if x.Target.SentPath == "" {
		return Value{}
	}
	m := Message{Path: x.Target.SentPath, Query: x.Target.SentQuery}
	return Text(x.Target.Scheme + "://" + x.Target.Host + m.URI())
}

func targetIP(x *Exchange, _ string) Value {
	if a, ok := x.Target.Peer.(*net.TCPAddr); ok {
		return Text(a.AddrPort().Addr().Unmap().String())
	}
	return Value{}
}

func requestURI(x *Exchange, _ string) Value {
	if x.Target.SentPath != "" && x.Phase > TargetRequest {
		m := Message{Path: x.Target.SentPath, Query: x.Target.SentQuery}
		return Text(m.URI())
	}
	if x.Request == nil {
		return Value{}
	}
	return Text(x.Request.URI())
}

func requestPath(x *Exchange, _ string) Value {
	if x.Target.SentPath != "" && x.Phase > TargetRequest {
		return Text(x.Target.SentPath)
	}
	if x.Request == nil {
		return Value{}
	}
	return Text(x.Request.Path)
}

// setRequestURI and setRequestPath edit the request: documented as read-only,
// yet bundles write them (seen in public ones).
func setRequestURI(x *Exchange, _ string, v Value) error {
	x.Request.Path, x.Request.Query, _ = strings.Cut(v.String(), "?")
	return nil
}

func setRequestPath(x *Exchange, _ string, v Value) error {
	x.Request.Path = v.String()
	return nil
}

// grpcNames splits the path of a gRPC call, /package.Service/Method.
func grpcNames(x *Exchange) (service, method string) {
	if x.Request == nil || !strings.HasPrefix(x.Request.MediaType(), "application/grpc") {
		return "", ""
	}
	path := strings.TrimPrefix(x.Request.Path, "/")
	slash := strings.LastIndexByte(path, '/')
	if slash < 0 {
		return "", ""
	}
	return path[strings.LastIndexByte(path[:slash], '/')+1 : slash], path[slash+1:]
}

func proxyURL(x *Exchange, _ string) Value {
	if x.Request == nil {
		return Value{}
	}
	return Text(x.Client.Scheme + "://" + x.Client.Host + x.Request.URI())
}

func targetURL(x *Exchange, _ string) Value {
	if x.Target.URL != "" {
		return Text(x.Target.URL)
	}
	return orNull(x.Target.Configured)
}

func calloutURL(x *Exchange, policy string) Value {
	return orNull(cmp.Or(x.Callout.URLs[policy], x.Callout.SentURLs[policy]))
}

func setCalloutURL(x *Exchange, policy string, v Value) error {
	if x.Callout.URLs == nil {
		x.Callout.URLs = map[string]string{}
	}
	x.Callout.URLs[policy] = v.String()
	return nil
}

func calloutURI(x *Exchange, _ string) Value {
	return orNull(cmp.Or(x.Callout.URI, x.Callout.SentURI))
}

func setCalloutURI(x *Exchange, _ string, v Value) error {
	x.Callout.URI = v.String()
	return nil
}

func targetBasePath(x *Exchange, _ string) Value {
	text := targetURL(x, "").String()
	u, err := url.Parse(text)
	if err != nil {
		return Value{}
	}
	return orNull(u.EscapedPath())
}

// propertySet finds SET.KEY; both may have dots, and the shortest set wins.
func propertySet(x *Exchange, key string) Value {
	for i := range len(key) {
		if key[i] != '.' {
			continue
		}
		if v, ok := x.Proxy.PropertySets[key[:i]][key[i+1:]]; ok {
			return Text(v)
		}
	}
	return Value{}
}

func policyTime(x *Exchange, policy string) Value {
	d, ok := x.metrics[policy]
	if !ok {
		return Value{}
	}
	return Int64(d.Nanoseconds())
}

// resolvedIP is the first hop of X-Forwarded-For, else the peer: Apigee's
// default resolution; it can be configured there, and is not here yet.
func (x *Exchange) resolvedIP() string {
	hops := x.Request.Header.Items("X-Forwarded-For")
	return cmp.Or(first(hops), x.Client.IP)
}

func (x *Exchange) lastHop() string {
	hops := x.Request.Header.Items("X-Forwarded-For")
	if len(hops) == 0 {
		return x.Client.IP
	}
	return cmp.Or(hops[len(hops)-1], x.Client.IP)
}

// VirtualHost is Edge's name of the listener: "secure" with TLS, else "default".
func (x *Exchange) VirtualHost() string {
	if x.Client.TLS != nil {
		return "secure"
	}
	return "default"
}

// ofFault reads the newest failure: in the error state that of the state,
// otherwise that of the last step that failed with continueOnError (recalled).
func ofFault(x *Exchange, part func(*faults.Fault) string) Value {
	f := x.Fault
	if f == nil || x.last != nil {
		f = x.last
	}
	if f == nil {
		return Value{}
	}
	return orNull(part(f))
}

func inFault(x *Exchange, part func(*faults.Fault) string) Value {
	if x.Fault == nil {
		return Value{}
	}
	return orNull(part(x.Fault))
}

func faultName(f *faults.Fault) string        { return f.Name() }
func faultReason(f *faults.Fault) string      { return f.Reason }
func faultCategory(f *faults.Fault) string    { return f.Category }
func faultSubcategory(f *faults.Fault) string { return f.Subcategory }

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

func peer(s *tls.ConnectionState) *x509.Certificate {
	if s == nil || len(s.PeerCertificates) == 0 {
		return nil
	}
	return s.PeerCertificates[0]
}

func certText(s *tls.ConnectionState, part func(*x509.Certificate) string) string {
	c := peer(s)
	if c == nil {
		return ""
	}
	return part(c)
}

func certSubject(c *x509.Certificate) string { return c.Subject.String() }
func certIssuer(c *x509.Certificate) string  { return c.Issuer.String() }
func certSerial(c *x509.Certificate) string  { return strings.ToUpper(c.SerialNumber.Text(16)) }

func certPEM(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

func certFingerprint(c *x509.Certificate) string {
	sum := sha1.Sum(c.Raw) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}

func certEmail(s *tls.ConnectionState) string {
	c := peer(s)
	if c == nil {
		return ""
	}
	return first(c.EmailAddresses)
}

func clientSubject(part func(pkix.Name) string) func(*Exchange, string) Value {
	return func(x *Exchange, _ string) Value {
		return orNull(certText(x.Client.TLS, func(c *x509.Certificate) string { return part(c.Subject) }))
	}
}

func targetSubject(part func(pkix.Name) string) func(*Exchange, string) Value {
	return func(x *Exchange, _ string) Value {
		return orNull(certText(x.Target.TLS, func(c *x509.Certificate) string { return part(c.Subject) }))
	}
}

func ofTLS(part func(*tls.ConnectionState) string) func(*Exchange, string) Value {
	return func(x *Exchange, _ string) Value {
		if x.Client.TLS == nil {
			return Value{}
		}
		return orNull(part(x.Client.TLS))
	}
}

// partList returns all parts of a message, sorted by name.
func partList() []*property {
	var list []*property
	for _, p := range plainProperties {
		list = append(list, p)
	}
	for i := range keyedProperties {
		k := &keyedProperties[i]
		for _, p := range [...]*property{k.one, k.item, k.values, k.count, k.text} {
			if p != nil {
				list = append(list, p)
			}
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].name < list[j].name })
	return list
}
