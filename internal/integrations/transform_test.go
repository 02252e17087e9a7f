package integrations

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// fakeRun is an execution for expressions alone.
func fakeRun(t testing.TB, vars string) *attempt {
	t.Helper()
	s := newScope(&integration{})
	o, err := parseObject(vars)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range o.names {
		s.vars[n] = o.fields[n]
	}
	r := &run{
		in: &integration{name: "orders"}, from: Call{Project: "my-project", Region: "europe-west1"}, id: "exec-1", scope: s,
		now: func() time.Time { return time.UnixMilli(1667494335011) }, newID: func() string { return "uuid-1" },
	}
	return &attempt{run: r, n: &node{id: "1"}, try: 1, scope: s}
}

// evaluate compiles and evaluates an expression in the JSON of exports.
func evaluate(t testing.TB, r *attempt, expression string) (value, error) {
	t.Helper()
	var w wireExpression
	v, err := parseJSON(expression)
	if err != nil {
		t.Fatalf("%v in %s", err, expression)
	}
	if err := json.Unmarshal(appendJSON(nil, v), &w); err != nil {
		t.Fatal(err)
	}
	e, err := compileExpression(w, 0)
	if err != nil {
		return nil, err
	}
	return (&machine{ctx: t.Context(), r: r}).eval(e)
}

// shorthand writes an expression from "receiver FUNCTION param param": receiver and parameters
// are references, or ValueTypes without blanks (s:x string, i:5, d:1.5, b:true, j:{...}).
func shorthand(kind, line string) string {
	f := strings.Fields(line)
	var params []string
	for _, p := range f[2:] {
		params = append(params, operandJSON(p))
	}
	call := fmt.Sprintf(`{functionType:{%s:{functionName:%q}},parameters:[%s]}`, kind, f[1], strings.Join(params, ","))
	if f[0] == "-" {
		return `{initialValue:{baseFunction:` + call + `}}`
	}
	return strings.TrimSuffix(operandJSON(f[0]), "}") + `,transformationFunctions:[` + call + `]}`
}

func operandJSON(s string) string {
	if strings.HasPrefix(s, "$") || strings.HasPrefix(s, "~") {
		return fmt.Sprintf(`{initialValue:{referenceValue:%q}}`, s)
	}
	typ, v, _ := strings.Cut(s, ":")
	name := map[string]string{"s": "stringValue", "i": "intValue", "d": "doubleValue", "b": "booleanValue", "j": "jsonValue"}[typ]
	return fmt.Sprintf(`{initialValue:{literalValue:{%s:%q}}}`, name, strings.ReplaceAll(v, "_", " "))
}

// TestFunctions has a line for every function: kind, expression, result as JSON or the error.
// Results that are on Google's page of the function are marked with the page's own data.
func TestFunctions(t *testing.T) {
	const vars = `{"s":"HelloApigee","n":null,"i":15,"d":2.5,"t":true,"strings":["Hello","Apigee","Integrations"],"ints":[3,6,8,1],
		"doubles":[1.5,2.5],"bools":[true,false,true],"obj":{"productId":23},"list":["first","second","third"],"dup":[1,2,1],
		"person":{"name":"Alex","address":{"street":"1800 Amphibious Blvd","city":"Mountain View"}},
		"template":{"name":"Alex","address":"$address$","deep":["at $i$ $none$"]},"address":{"city":"MV"},"textTemplate":"Hello $name2$, $i$ $none$","name2":"World"}`
	r := fakeRun(t, vars)
	seen := map[string]bool{}
	for _, line := range strings.Split(strings.TrimSpace(functionCases), "\n") {
		kind, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		expression, want, _ := strings.Cut(rest, " => ")
		expression, want = strings.TrimSpace(expression), strings.TrimSpace(want)
		seen[kind+"."+strings.Fields(expression)[1]] = true
		v, err := evaluate(t, r, shorthand(kind, expression))
		got := string(appendJSON(nil, v))
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != want {
			t.Errorf("%s %s\n got %s\nwant %s", kind, expression, got, want)
		}
	}
	for kind, table := range functions {
		for name := range table {
			if !seen[kind+"."+name] && !lambdaFunctions[name] && (!strings.HasSuffix(kind, "ArrayFunction") || kind == "stringArrayFunction") {
				t.Errorf("no case for %s.%s", kind, name)
			}
		}
	}
}

var lambdaFunctions = map[string]bool{"FOR_EACH": true, "FILTER": true, "FILTER_ELEMENTS": true}

const functionCases = `
stringFunction $s$ CONCAT s:!                      => "HelloApigee!"
stringFunction $s$ CONCAT $i$ $t$                  => "HelloApigee15true"
stringFunction $s$ CONCAT $n$                      => error: CONCAT: parameter 1: the value is null
stringFunction $n$ CONCAT $s$                      => error: CONCAT: there is no value to apply the function to (null)
stringFunction $s$ CONCAT                          => error: CONCAT takes 1 parameters, not 0
stringFunction $s$ CONTAINS s:Api                  => true
stringFunction s:SGVsbG8= DECODE_BASE64_STRING     => "Hello"
stringFunction s:SGVsbG8 DECODE_BASE64_STRING      => "Hello"
stringFunction s:!! DECODE_BASE64_STRING           => error: DECODE_BASE64_STRING: illegal base64 data at input byte 0
stringFunction $s$ EQUALS s:HelloApigee            => true
stringFunction $s$ EQUALS_IGNORE_CASE s:helloapigee => true
stringFunction $s$ LENGTH                          => 11
stringFunction s:😀 LENGTH                         => 2
stringFunction $s$ REPLACE_ALL s:Apigee s:Google   => "HelloGoogle"
stringFunction $s$ REPLACE_ALL s:. s:x             => "HelloApigee"
stringFunction $textTemplate$ RESOLVE_TEMPLATE     => "Hello World, 15 $none$"
stringFunction s:a@b SPLIT s:@                     => ["a","b"]
stringFunction $s$ SUBSTRING i:0 i:5               => "Hello"
stringFunction $s$ SUBSTRING i:5 i:12              => error: SUBSTRING: range 5 to 12 is outside a length of 11
stringFunction $s$ SUBSTRING i:-1 i:2              => error: SUBSTRING: range -1 to 2 is outside a length of 11
stringFunction s:Hello TO_BASE_64                  => "SGVsbG8="
stringFunction s:TRUE TO_BOOLEAN                   => true
stringFunction s:yes TO_BOOLEAN                    => error: TO_BOOLEAN: "yes" is not true or false
stringFunction s:1.50 TO_DOUBLE                    => 1.5
stringFunction s:42 TO_INT                         => 42
stringFunction s:4x TO_INT                         => error: TO_INT: "4x" is not an integer
stringFunction s:{product:"cake",id:21} TO_JSON    => {"product":"cake","id":21}
stringFunction s:{'a':'it\'s'} TO_JSON             => {"a":"it's"}
stringFunction s:readme-1.txt TO_JSON              => "readme-1.txt"
stringFunction s:007 TO_JSON                       => "007"
stringFunction s:{a TO_JSON                        => error: TO_JSON: invalid JSON at byte 2 (line 1): ':' is missing after a name
stringFunction $s$ TO_LOWERCASE                    => "helloapigee"
stringFunction $s$ TO_UPPERCASE                    => "HELLOAPIGEE"
intFunction $i$ ADD i:5                            => 20
intFunction i:9223372036854775807 ADD i:1          => error: ADD: the result does not fit 64 bits
intFunction $i$ SUBTRACT i:20                      => -5
intFunction $i$ MULTIPLY i:3                       => 45
intFunction i:-7 DIVIDE i:2                        => -3
intFunction $i$ DIVIDE i:0                         => error: DIVIDE: division by zero
intFunction i:-7 MOD i:2                           => -1
intFunction i:2 EXPONENT i:10                      => 1024
intFunction i:2 EXPONENT i:64                      => error: EXPONENT: the result does not fit 64 bits
intFunction i:-1 EXPONENT i:9223372036854775807    => -1
intFunction i:2 EXPONENT i:-1                      => error: EXPONENT: a negative exponent needs a double
intFunction $i$ EQUALS i:15                        => true
intFunction $i$ GREATER_THAN i:15                  => false
intFunction $i$ GREATER_THAN_EQUAL_TO i:15         => true
intFunction $i$ GREATER_THAN_OR_EQUAL_TO i:16      => false
intFunction $i$ LESS_THAN i:16                     => true
intFunction $i$ LESS_THAN_EQUAL_TO i:15            => true
intFunction $i$ LESS_THAN_OR_EQUAL_TO i:14         => false
intFunction $i$ TO_DOUBLE                          => 15
intFunction $i$ TO_JSON                            => 15
intFunction $i$ TO_STRING                          => "15"
intFunction $d$ TO_STRING                          => error: TO_STRING: 2.5 is not an integer
intFunction i:1667494335011 EPOCH_TO_HUMAN_READABLE_TIME s:EEE,_d_MMM_yyyy_HH:mm:ss_z s:UTC => "Thu, 3 Nov 2022 16:52:15 UTC"
intFunction i:1667494335011 EPOCH_TO_HUMAN_READABLE_TIME s:yy-MM-dd'T'hh:mm:ss,SSS_a_Z s:Asia/Kolkata => "22-11-03T10:22:15,011 PM +0530"
intFunction i:0 EPOCH_TO_HUMAN_READABLE_TIME s:HH_'o''clock' s:UTC+05:30 => "05 oclock"
intFunction i:0 EPOCH_TO_HUMAN_READABLE_TIME s:Q s:UTC => error: EPOCH_TO_HUMAN_READABLE_TIME: letter 'Q' of a time pattern is not supported
intFunction i:0 EPOCH_TO_HUMAN_READABLE_TIME s:y s:AEDT => error: EPOCH_TO_HUMAN_READABLE_TIME: unknown time zone AEDT
doubleFunction $d$ ADD d:1                         => 3.5
doubleFunction $d$ SUBTRACT d:0.5                  => 2
doubleFunction $d$ MULTIPLY $i$                    => 37.5
doubleFunction $d$ DIVIDE d:0                      => error: DIVIDE: the result is not a number
doubleFunction d:7.5 MOD d:2                       => 1.5
doubleFunction d:2 EXPONENT d:0.5                  => 1.4142135623730951
doubleFunction $d$ EQUALS d:2.5                    => true
doubleFunction $d$ GREATER_THAN d:2                => true
doubleFunction $d$ GREATER_THAN_EQUALS d:2.5       => true
doubleFunction $d$ GREATER_THAN_OR_EQUAL_TO d:3    => false
doubleFunction $d$ LESS_THAN d:2.5                 => false
doubleFunction $d$ LESS_THAN_EQUALS d:2.5          => true
doubleFunction $d$ LESS_THAN_OR_EQUAL_TO d:2       => false
doubleFunction $d$ CEIL                            => 3
doubleFunction $d$ FLOOR                           => 2
doubleFunction $d$ ROUND                           => 3
doubleFunction $d$ TO_JSON                         => 2.5
doubleFunction $d$ TO_STRING                       => "2.5"
booleanFunction $t$ AND b:false                    => false
booleanFunction $t$ OR b:false                     => true
booleanFunction $t$ NAND b:true                    => false
booleanFunction $t$ NOR b:false                    => false
booleanFunction $t$ XOR b:true                     => false
booleanFunction $t$ XNOR b:true                    => true
booleanFunction $t$ EQUALS b:true                  => true
booleanFunction $t$ NOT                            => false
booleanFunction $t$ TO_JSON                        => true
booleanFunction $t$ TO_STRING                      => "true"
stringArrayFunction $strings$ APPEND s:x           => ["Hello","Apigee","Integrations","x"]
intArrayFunction $ints$ APPEND_ALL i:7 i:9 i:15    => [3,6,8,1,7,9,15]
stringArrayFunction $strings$ APPEND_ALL s:x s:y   => ["Hello","Apigee","Integrations","x","y"]
stringArrayFunction $strings$ CONTAINS s:Apigee    => true
stringArrayFunction $strings$ GET i:2              => "Integrations"
stringArrayFunction $strings$ GET i:3              => error: GET: index 3 is outside an array of 3
stringArrayFunction $s$ GET i:0                    => error: GET: "HelloApigee" is not an array
stringArrayFunction $strings$ REMOVE s:Integrations => ["Hello","Apigee"]
stringArrayFunction $strings$ REMOVE s:x           => ["Hello","Apigee","Integrations"]
stringArrayFunction $strings$ REMOVE_AT i:1        => ["Hello","Integrations"]
stringArrayFunction $strings$ REMOVE_AT i:-1       => error: REMOVE_AT: index -1 is outside an array of 3
stringArrayFunction $strings$ SET i:0 s:x          => ["x","Apigee","Integrations"]
stringArrayFunction $strings$ SET i:3 s:x          => error: SET: index 3 is outside an array of 3
stringArrayFunction $strings$ SIZE                 => 3
stringArrayFunction $strings$ TO_JSON              => ["Hello","Apigee","Integrations"]
stringArrayFunction $strings$ TO_SET               => ["Hello","Apigee","Integrations"]
intArrayFunction $dup$ TO_SET                      => [1,2]
intArrayFunction $ints$ SUM                        => 18
intArrayFunction $ints$ AVG                        => 4.5
intArrayFunction $ints$ MAX                        => 8
intArrayFunction $ints$ MIN                        => 1
doubleArrayFunction $doubles$ SUM                  => 4
booleanArrayFunction $bools$ SIZE                  => 3
jsonFunction $list$ APPEND_ELEMENT s:fourth        => ["first","second","third","fourth"]
jsonFunction $list$ APPEND_ELEMENT j:{"a":1}       => ["first","second","third",{"a":1}]
jsonFunction $obj$ EQUALS j:{"productId":23.0}     => true
jsonFunction j:[[1,[2]],[3,4]] FLATTEN             => [1,2,3,4]
jsonFunction j:[[1,[2]],[3,4]] FLATTEN_ONCE        => [1,[2],3,4]
jsonFunction $list$ GET_ELEMENT i:2                => "third"
jsonFunction $obj$ GET_ELEMENT i:0                 => error: GET_ELEMENT: {"productId":23} is not an array
jsonFunction $person$ GET_PROPERTY s:address.city  => "Mountain View"
jsonFunction j:{"a.b":1} GET_PROPERTY s:a.b        => 1
jsonFunction j:{"value":[{"name":"a"},{},{"name":"b"}]} GET_PROPERTY s:value.name => ["a","b"]
jsonFunction j:{"value":[{"name":"a"}]} GET_PROPERTY s:value[0].name => "a"
jsonFunction $person$ GET_PROPERTY s:missing       => null
jsonFunction $obj$ MERGE j:{"productName":"radio"} => {"productId":23,"productName":"radio"}
jsonFunction $list$ MERGE j:["third",4,5]          => ["first","second","third",4,5]
jsonFunction $list$ MERGE $obj$                    => error: MERGE: {"productId":23} is not an array
jsonFunction $person$ REMOVE_PROPERTY s:address.street => {"name":"Alex","address":{"city":"Mountain View"}}
jsonFunction j:[{"a":1,"b":2},{"a":3}] REMOVE_PROPERTY s:a => [{"b":2},{}]
jsonFunction $obj$ REMOVE_PROPERTY s:              => {"productId":23}
jsonFunction $template$ RESOLVE_TEMPLATE           => {"name":"Alex","address":{"city":"MV"},"deep":["at 15 $none$"]}
jsonFunction $obj$ SET_PROPERTY s:radio s:productName => {"productId":23,"productName":"radio"}
jsonFunction $obj$ SET_PROPERTY s:34 s:productId   => {"productId":34}
jsonFunction $obj$ SET_PROPERTY j:{"x":1} s:a.b    => {"productId":23,"a":{"b":{"x":1}}}
jsonFunction $list$ SIZE                           => 3
jsonFunction $person$ SIZE                         => 2
jsonFunction j:true TO_BOOLEAN                     => true
jsonFunction j:2 TO_DOUBLE                         => 2
jsonFunction j:1000.0 TO_INT                       => 1000
jsonFunction $person$ TO_INT                       => error: TO_INT: {"name":"Alex","address":{"street":"1800 Amphibious Blvd","city":"Mountain View"}} is not an integer
jsonFunction $obj$ TO_STRING                       => "{\"productId\":23}"
jsonFunction j:"External" TO_STRING                => "External"
jsonFunction j:[true] TO_BOOLEAN_ARRAY             => [true]
jsonFunction j:["1.5"] TO_DOUBLE_ARRAY             => [1.5]
jsonFunction j:[1,"2"] TO_INT_ARRAY                => [1,2]
jsonFunction j:[[1,2],[3,4]] TO_STRING_ARRAY       => ["[1,2]","[3,4]"]
baseFunction - GENERATE_UUID                       => "uuid-1"
baseFunction - GET_UUID                            => "uuid-1"
baseFunction - GET_EXECUTION_ID                    => "exec-1"
baseFunction - GET_INTEGRATION_NAME                => "orders"
baseFunction - GET_INTEGRATION_REGION              => "europe-west1"
baseFunction - GET_REGION                          => "europe-west1"
baseFunction - GET_PROJECT_ID                      => "my-project"
baseFunction - INT_LIST i:1 i:4                    => [1,2,3]
baseFunction - INT_LIST i:4 i:1                    => []
baseFunction - INT_LIST i:-9223372036854775808 i:9223372036854775807 => error: INT_LIST: an array would have more than 100000 elements
baseFunction - NOW_IN_MILLIS                       => 1667494335011
`

// lambda writes FOR_EACH and the like: kind, function, body.
func lambda(receiver, kind, name, body string) string {
	return strings.TrimSuffix(operandJSON(receiver), "}") + fmt.Sprintf(
		`,transformationFunctions:[{functionType:{%s:{functionName:%q}},parameters:[{initialValue:{literalValue:{protoValue:%s}}}]}]}`, kind, name, body)
}

func TestLambdas(t *testing.T) {
	r := fakeRun(t, `{"lines":[{"q":2,"p":1.5},{"q":3,"p":2}],"names":["a","b"],"suffix":"!","nested":[[1,2],[3]]}`)
	product := `{initialValue:{referenceValue:'~x'},transformationFunctions:[` +
		`{functionType:{jsonFunction:{functionName:'GET_PROPERTY'}},parameters:[{initialValue:{literalValue:{stringValue:'q'}}}]},` +
		`{functionType:{doubleFunction:{functionName:'MULTIPLY'}},parameters:[{initialValue:{referenceValue:'~x.p'}}]}]}`
	inner := lambda("~y", "jsonFunction", "FOR_EACH", shorthand("intFunction", "~z ADD $offset$"))
	outer := strings.Replace(shorthand("stringFunction", "$suffix$ CONCAT ~n"), "~n", "~obj1", 1)
	r.scope.vars["offset"] = int64(10)
	for _, c := range []struct{ expression, want string }{
		{lambda("$names$", "stringArrayFunction", "FOR_EACH", shorthand("stringFunction", "~x CONCAT $suffix$")), `["a!","b!"]`},
		{lambda("$lines$", "jsonFunction", "FOR_EACH", product), `[3,6]`},
		{lambda("$lines$", "jsonFunction", "FILTER_ELEMENTS", shorthand("doubleFunction", "~x.p GREATER_THAN d:1.7")), `[{"q":3,"p":2}]`},
		{lambda("$names$", "stringArrayFunction", "FILTER", shorthand("stringFunction", "~x EQUALS s:b")), `["b"]`},
		{lambda("$nested$", "jsonFunction", "FOR_EACH", inner), `[[11,12],[13]]`},
		{lambda("$names$", "stringArrayFunction", "FOR_EACH", outer), `["!a","!b"]`}, // the element is not mentioned first
		{lambda("$names$", "stringArrayFunction", "FILTER", operandJSON("~x")), `error: FILTER: "a" is not true or false`},
		{operandJSON("~x"), `error: ~x is used outside FOR_EACH and FILTER`},
		{shorthand("stringArrayFunction", "$names$ FOR_EACH s:x"), `error: FOR_EACH: parameter 1: an expression over the elements belongs exactly to FOR_EACH and FILTER`},
		{lambda("$suffix$", "stringFunction", "CONCAT", operandJSON("~x")), `error: CONCAT: parameter 1: an expression over the elements belongs exactly to FOR_EACH and FILTER`},
	} {
		v, err := evaluate(t, r, c.expression)
		got := string(appendJSON(nil, v))
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.expression, got, c.want)
		}
	}
}

// TestMappingIsBounded gives mappings that would take all memory or time.
func TestMappingIsBounded(t *testing.T) {
	big := strings.Repeat("x", 1<<20)
	r := fakeRun(t, `{"one":[1]}`)
	r.scope.vars["big"] = big
	long := shorthand("stringFunction", "$big$ CONCAT"+strings.Repeat(" $big$", 30))
	r.scope.vars["many"], _ = intList(arguments{list: []value{int64(0), int64(maxElements)}})
	square := lambda("$many$", "intArrayFunction", "FOR_EACH", lambda("$many$", "intArrayFunction", "FOR_EACH", shorthand("intFunction", "~x ADD i:1")))
	for _, c := range []struct{ name, expression, want string }{
		{"long", long, errValueTooLarge.Error()},
		{"replace", shorthand("stringFunction", "$big$ REPLACE_ALL s:x $big$"), errValueTooLarge.Error()},
		{"square", square, "exceeds"},
		{"split", shorthand("stringFunction", "$big$ SPLIT s:"), errTooManyItems.Error()},
		{"append", shorthand("intArrayFunction", "$many$ APPEND i:1"), errTooManyItems.Error()},
	} {
		began := time.Now()
		_, err := evaluate(t, r, c.expression)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if d := time.Since(began); d > 2*time.Minute {
			t.Errorf("%s took %s", c.name, d)
		}
	}
}

// TestSharedPartsAreBounded doubles a JSON value that shares its parts: little memory, but
// exponential work for whoever walks it.
func TestSharedPartsAreBounded(t *testing.T) {
	r := fakeRun(t, `{"v":[1]}`)
	for range 60 {
		v, err := evaluate(t, r, shorthand("jsonFunction", "$v$ APPEND_ELEMENT $v$"))
		if err != nil {
			if !strings.Contains(err.Error(), errValueTooLarge.Error()) {
				t.Error(err)
			}
			return
		}
		r.scope.vars["v"] = v
	}
	t.Error("a value doubled 60 times")
}

func TestScopeIsBounded(t *testing.T) {
	s := newScope(&integration{})
	text := strings.Repeat("x", 50<<20)
	var err error
	for i := range 10 {
		name := fmt.Sprint("v", i)
		if err = s.set(reference{whole: name, name: name}, text); err != nil {
			break
		}
	}
	if err == nil || s.total > maxScope {
		t.Errorf("%d bytes, error %v", s.total, err)
	}
	for range 10 { // the same variable again is no growth
		if err := s.set(reference{whole: "v0", name: "v0"}, text); err != nil {
			t.Fatal(err)
		}
	}
}
