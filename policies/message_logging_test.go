package policies_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/flow"
)

// logged is a service that writes down what it gets.
type logged struct {
	lines []string
	err   error
}

func (l *logged) Syslog(s *flow.SyslogServer, message []byte) error {
	l.lines = append(l.lines, s.Address+" "+string(message))
	return l.err
}

func (l *logged) File(f *flow.LogFile, line []byte) error {
	l.lines = append(l.lines, fmt.Sprintf("%s %+v %s", f.Path, f.Rotation, line))
	return l.err
}

func (l *logged) Cloud(e *flow.CloudLogEntry) error {
	l.lines = append(l.lines, fmt.Sprintf("%s %s %s %s %v %t %s", e.Account, e.Name, e.ResourceType, e.Severity, e.Labels, e.JSON, e.Text))
	return l.err
}

func messageLoggingExchange() *flow.Exchange {
	m := flow.NewRequest()
	m.SetContent([]byte("the payload"))
	now := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	return flow.NewExchange(&flow.ProxyInfo{Organization: "acme", Environment: "test", Name: "orders"},
		&flow.Services{ProcessID: "id", Now: func() time.Time { return now }}, m)
}

func TestMessageLogging(t *testing.T) {
	tests := []struct{ elements, want string }{
		{"<Syslog><Message>{request.verb} {absent}</Message></Syslog>", "{localhost 514 true} GET "},
		{"<Syslog><Host>[::1]</Host><Port> 99 </Port><Protocol>tcp</Protocol><Message>m</Message></Syslog>", "{::1 99 false} m"},
		{"<Syslog><FormatMessage>true</FormatMessage><Message>m</Message></Syslog>",
			"{localhost 514 true} <14>1 2026-01-02T03:04:05.678+0000 id-0 Apigee - - - m"},
		{"<Syslog><FormatMessage>true</FormatMessage><DateFormat>yyyy</DateFormat><Message>m</Message></Syslog><logLevel>ALERT</logLevel>",
			"{localhost 514 true} <9>1 2026 id-0 Apigee - - - m"},
		{"<Syslog><FormatMessage>true</FormatMessage><PayloadOnly>true</PayloadOnly><Message>m</Message></Syslog>", "{localhost 514 true} m"},
		{"<Syslog><Message variablePrefix='$[' variableSuffix=']' defaultVariableValue='none'>{$[request.verb]} $[absent]</Message></Syslog>",
			"{localhost 514 true} {GET} none"},
		{"<CloudLogging><LogName>projects/p/logs/l</LogName><Message> {request.content} </Message></CloudLogging>",
			"runner@acme projects/p/logs/l global INFO map[] false the payload"},
		{"<CloudLogging><LogName>projects/p/logs/l%2Fm</LogName><Message contentType='application/json'>{\"a\":1}</Message><Labels><Label><Key>k-{request.verb}</Key><Value>{absent}</Value></Label></Labels></CloudLogging><logLevel>WARN</logLevel>",
			"runner@acme projects/p/logs/l%2Fm global WARNING map[k-GET:] true {\"a\":1}"},
		{"<CloudLogging><LogName>projects/p/logs/l</LogName><Message contentType='application/json'>[1]</Message></CloudLogging>",
			"runner@acme projects/p/logs/l global INFO map[] false [1]"},
		{"<File><FileName>f.log</FileName><Message>m\n</Message></File>", "_/_/test/_/P/f.log {AtStart:false Size:104857600 Every:0s Keep:10} m"},
		{"<File><FileName>f.log</FileName><Message>m</Message><FileRotationOptions rotateFileOnStartup='true'><FileRotationType>TIME</FileRotationType><MaxFilesToRetain>3</MaxFilesToRetain><RotationFrequency unit='hour'>2</RotationFrequency></FileRotationOptions></File>",
			"_/_/test/_/P/f.log {AtStart:true Size:104857600 Every:2h0m0s Keep:3} m"},
		{"<File><FileName>a</FileName><Message>first</Message></File><Syslog><Message>second</Message></Syslog>", "_/_/test/_/P/a {AtStart:false Size:104857600 Every:0s Keep:10} first"},
	}
	for _, tt := range tests {
		l := &logged{}
		w := permissive
		w.logs = l
		p, b := w.compile(t, "<MessageLogging>"+tt.elements+"</MessageLogging>")
		if b.Problems.Refused() {
			t.Errorf("%s: %v", tt.elements, b.Problems)
			continue
		}
		if err := p.Execute(t.Context(), messageLoggingExchange()); err != nil {
			t.Errorf("%s: %v", tt.elements, err)
		}
		if got := strings.Join(l.lines, "; "); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.elements, got, tt.want)
		}
	}
}

func TestMessageLoggingDeployment(t *testing.T) {
	const message = "<Message>m</Message>"
	tests := []struct{ elements, want string }{
		{"", "error MissingElement"},
		{"<Syslog/>", "error MissingElement"},
		{"<Syslog>" + message + "<Protocol>TLS</Protocol></Syslog>", "error InvalidProtocol: Invalid Protocol: TLS for Syslog handler in policy P."},
		{"<Syslog>" + message + "<Port>0</Port></Syslog>", "error InvalidPort: Invalid Port: 0 for Syslog handler in policy P."},
		{"<Syslog>" + message + "<Port/></Syslog>", "error InvalidPort: Invalid Port:  for Syslog handler in policy P."},
		{"<Syslog>" + message + "<Host>{host}</Host></Syslog>", "error InvalidHostName: Invalid syslog config: Invalid HostName '{host}' for Syslog handler"},
		{"<Syslog>" + message + "<FormatMessage>true</FormatMessage><DateFormat>bad</DateFormat></Syslog>", "error InvalidValue"},
		{"<Syslog>" + message + "</Syslog><CloudLogging/>", "warning DuplicateElement"},
		{"<CloudLogging>" + message + "</CloudLogging>", "error MissingElement"},
		{"<CloudLogging>" + message + "<LogName>l</LogName><Endpoint>http://a</Endpoint></CloudLogging>", "error InvalidValue"},
		{"<File>" + message + "<FileName>../f</FileName></File>", "error InvalidValue"},
		{"<File>" + message + "</File>", "error MissingElement"},
		{"<Syslog>" + message + "</Syslog><logLevel>DEBUG</logLevel>", "error InvalidValue"},
	}
	for _, tt := range tests {
		_, b := permissive.compile(t, "<MessageLogging>"+tt.elements+"</MessageLogging>")
		var got []string
		for _, p := range b.Problems {
			got = append(got, p.Severity+" "+p.Code+": "+p.Message)
		}
		if len(got) != 1 || !strings.HasPrefix(got[0], tt.want) {
			t.Errorf("%s\n got %q\nwant %s", tt.elements, got, tt.want)
		}
	}
}

// TestMessageLoggingFull: a full queue fails Cloud Logging alone.
func TestMessageLoggingFull(t *testing.T) {
	for elements, want := range map[string]string{
		"<Syslog><Message>m</Message></Syslog>":                                                 "",
		"<File><FileName>f</FileName><Message>m</Message></File>":                               "",
		"<CloudLogging><LogName>projects/p/logs/l</LogName><Message>m</Message></CloudLogging>": "TooManyPendingLoggingRequest",
	} {
		w := permissive
		w.logs = &logged{err: flow.ErrPendingLogs}
		p, _ := w.compile(t, "<MessageLogging>"+elements+"</MessageLogging>")
		if got := calloutFault(t, p.Execute(t.Context(), messageLoggingExchange())); got != want {
			t.Errorf("%s: %q, want %q", elements, got, want)
		}
	}
}

// TestMessageLoggingReads: what the templates name of bodies is known at deploy, and
// BufferMessage holds a body that is streamed.
func TestMessageLoggingReads(t *testing.T) {
	for buffer, want := range map[string]string{"true": "{localhost 514 true} the payload", "false": "{localhost 514 true} "} {
		l := &logged{}
		w := permissive
		w.logs = l
		p, b := w.compile(t, "<MessageLogging><Syslog><Message>{request.content}</Message></Syslog><BufferMessage>"+buffer+"</BufferMessage></MessageLogging>")
		if b.Own["request.content"] == nil {
			t.Error("the name is not known")
		}
		x := messageLoggingExchange()
		x.Request.Body.SetStream(io.NopCloser(strings.NewReader("the payload")), -1)
		x.Request.Streamed = true
		if err := p.Execute(t.Context(), x); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(l.lines, []string{want}) {
			t.Errorf("BufferMessage %s: %q", buffer, l.lines)
		}
	}
}

func BenchmarkMessageLogging(b *testing.B) {
	p, _ := permissive.compile(b, "<MessageLogging><Syslog><Message>{request.verb} {proxy.pathsuffix}</Message><FormatMessage>true</FormatMessage></Syslog></MessageLogging>")
	x := messageLoggingExchange()
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Execute(b.Context(), x); err != nil {
			b.Fatal(err)
		}
	}
}
