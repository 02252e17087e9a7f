package policies_test

import "testing"

// TestKeyValueMapDeployment tells what is refused of a KeyValueMapOperations; "" is
// what loads.
func TestKeyValueMapDeployment(t *testing.T) {
	const key, value = "<Key><Parameter>k</Parameter></Key>", "<Value>v</Value>"
	get := func(attributes, elements string) string { return "<Get " + attributes + ">" + elements + "</Get>" }
	entry := func(elements string) string {
		return "<InitialEntries><Entry>" + key + value + "</Entry><Entry>" + elements + "</Entry></InitialEntries>"
	}
	for _, tt := range []struct{ elements, want string }{
		{get("assignTo='v' index='1'", key), ""},
		{get("assignTo='v'", key), ""},
		{get("assignTo='v' index='0'", key), "error InvalidIndex at /KeyValueMapOperations/Get: Invalid index 0 in KeyValueMapStepDefinition P."},
		{get("assignTo='v' index='-2'", key), "error InvalidIndex at /KeyValueMapOperations/Get: Invalid index -2 in KeyValueMapStepDefinition P."},
		{get("assignTo='v' index='first'", key), "error InvalidIndex at /KeyValueMapOperations/Get: Invalid index first in KeyValueMapStepDefinition P."},
		{get("", key), "error MissingAttribute at /KeyValueMapOperations/Get: Get needs the attribute assignTo"},
		{get("assignTo='v'", ""), "error MissingElement at /KeyValueMapOperations/Get: Get has no Key with a Parameter"},
		{get("assignTo='v'", "<Key/>"), "error MissingElement at /KeyValueMapOperations/Get/Key: Get has no Key with a Parameter"},
		{"<Put>" + key + "</Put>", "error MissingElement at /KeyValueMapOperations/Put: Put has no Value"},
		{"<Put override='maybe'>" + key + value + "</Put>", `error InvalidValue at /KeyValueMapOperations/Put: "maybe" is not true or false`},
		{"<Delete/>", "error MissingElement at /KeyValueMapOperations/Delete: Delete has no Key with a Parameter"},

		{entry(key + value + value), ""},
		{entry(value), "error KeyIsMissing at /KeyValueMapOperations/InitialEntries/Entry: Key element is missing in KeyValueMapStepDefinition P"},
		{entry("<Key/>" + value), "error KeyIsMissing at /KeyValueMapOperations/InitialEntries/Entry: Key element is missing in KeyValueMapStepDefinition P"},
		{entry(key), "error ValueIsMissing at /KeyValueMapOperations/InitialEntries/Entry: Value element is missing in KeyValueMapStepDefinition P"},
		{entry(""), "error KeyIsMissing at /KeyValueMapOperations/InitialEntries/Entry: Key element is missing in KeyValueMapStepDefinition P\n" +
			"error ValueIsMissing at /KeyValueMapOperations/InitialEntries/Entry: Value element is missing in KeyValueMapStepDefinition P"},

		{"<Scope>planet</Scope><InitialEntries/>", `error InvalidValue at /KeyValueMapOperations/Scope: "planet" is not one of environment, organization, apiproxy, policy`},
		{"", "warning MissingElement at /KeyValueMapOperations: the policy has no Get, Put or Delete and does nothing"},
		{"<MapName>m</MapName>" + get("assignTo='v'", key), "warning AmbiguousMap at /KeyValueMapOperations/MapName: both mapIdentifier and MapName name a map; MapName wins"},
	} {
		_, b := permissive.compile(t, "<KeyValueMapOperations mapIdentifier='i'>"+tt.elements+"</KeyValueMapOperations>")
		if got := refusal(b.Problems); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.elements, got, tt.want)
		}
	}
}
