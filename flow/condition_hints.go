package flow

import "strings"

// refusal is something that authors write, that Apigee does not have, and what
// to write instead.
type refusal struct{ spelling, hint string }

// refusedSymbols stands longest first.
var refusedSymbols = [...]refusal{
	{"===", "write ="},
	{"!==", "write !="},
	{"<>", "write !="},
	{"=>", "write >="},
	{"=<", "write <="},
	{"=~", "write ~~ for a regular expression, ~ for a pattern with *"},
}

// refusedWords are in lower case.
var refusedWords = [...]refusal{
	{"likecaseinsensitive", `write JavaRegex with (?i): x ~~ "(?i).*text.*"`},
	{"matchescaseinsensitive", `write JavaRegex with (?i): x ~~ "(?i).*text.*"`},
	{"startswithcaseinsensitive", `write JavaRegex with (?i): x ~~ "(?i)text.*"`},
	{"notequalscaseinsensitive", `write !(x := "text")`},
	{"equalsignorecase", `write EqualsCaseInsensitive: x := "text"`},
	{"endswith", `write Matches with *: x Matches "*text"`},
	{"contains", `write Matches with *: x Matches "*text*"`},
	{"includes", `write Matches with *: x Matches "*text*"`},
	{"in", `write one comparison for each value: (x = "a" or x = "b")`},
	{"between", "write two comparisons: x >= 1 and x <= 9"},
	{"isnull", "write x = null"},
	{"isnotnull", "write x != null"},
	{"notnull", "write x != null"},
	{"exists", "write x != null"},
	{"isempty", `write (x = null or x = "")`},
	{"regex", "write JavaRegex (~~)"},
	{"matchesregex", "write JavaRegex (~~)"},
	{"beginswith", "write StartsWith (=|)"},
	{"startwith", "write StartsWith (=|)"},
	{"equal", "write Equals (=)"},
	{"notequal", "write NotEquals (!=)"},
	{"lessthan", "write LesserThan (<)"},
	{"lessthanorequals", "write LesserThanOrEquals (<=)"},
	{"lesserthanorequal", "write LesserThanOrEquals (<=)"},
	{"greaterthanorequal", "write GreaterThanOrEquals (>=)"},
	{"eq", "write ="},
	{"ne", "write !="},
	{"gt", "write >"},
	{"ge", "write >="},
	{"lt", "write <"},
	{"le", "write <="},
	{"xor", "write (a and !b) or (!a and b)"},
	{"mod", "calculate in a policy before: conditions have no arithmetic"},
	{"div", "calculate in a policy before: conditions have no arithmetic"},
}

const operatorList = "operators: = != := > >= < <= =| (StartsWith) ~ (Matches) ~/ (MatchesPath) ~~ (JavaRegex) and or not"

// hintForWord says what to write for a word that is no operator.
func hintForWord(word string) string {
	for _, r := range refusedWords {
		if strings.EqualFold(word, r.spelling) {
			return r.hint
		}
	}
	return operatorList
}
