package policies_test

import (
	"strings"
	"testing"
)

func TestStatisticsCollectorDeployment(t *testing.T) {
	const context = "Context Revision:;APIProxy:test;Organization:;Environment:."
	tests := []struct{ statistic, want string }{
		{"", "error MissingElement: the policy collects nothing"},
		{"<Statistic ref='v' type='string'/>", "error MissingElement: Statistic has no name"},
		{"<Statistic name='s' ref='v'/>", "error DatatypeMissing: StatisticsCollection s: Datatype of v is missing. " + context},
		{"<Statistic name='s' ref='v' type='date'/>", "error UnsupportedDatatype: StatisticsCollection s: Datatype date is unsupported . " + context},
		{"<Statistic name='organization' ref='v' type='string'/>", "error InvalidName: StatisticsCollection: Name: organization conflicts with system defined variables. " + context},
		{"<Statistic name='client.ip' ref='v' type='string'/>", "error InvalidName: StatisticsCollection: Name: client.ip conflicts with system defined variables. " + context},
		{"<Statistic name='a b' ref='v' type='string'/>", "warning InvalidName: the name a b has characters that analytics do not take"},
		{"<Statistic name='s' ref='v' type='integer'>x</Statistic>", "warning InvalidValue: the default x is no integer: the value will be null"},
		{"<Statistic name='column_in_db' ref='v' type='String'/>", ""},
		{"<Statistic name='s' ref='client.ip'/>", ""},
	}
	for _, tt := range tests {
		_, b := permissive.compile(t, "<StatisticsCollector><Statistics>"+tt.statistic+"</Statistics></StatisticsCollector>")
		var got []string
		for _, p := range b.Problems {
			got = append(got, p.Severity+" "+p.Code+": "+p.Message)
		}
		if strings.Join(got, "; ") != tt.want {
			t.Errorf("%s\n got %q\nwant %s", tt.statistic, got, tt.want)
		}
	}
}
