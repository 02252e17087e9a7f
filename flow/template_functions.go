package flow

import (
	"slices"
	"strings"
)

// manyArguments bounds the arguments of functions that take any number.
const manyArguments = 64

// templateFunctions are all functions, by their names in lower case: bundles
// vary the case (runtime.md 5.2). The files template_<group>.go define them.
var templateFunctions = indexTemplateFunctions(
	hashFunctions, hmacFunctions, textFunctions, escapeFunctions, timeFunctions, randomFunctions, queryFunctions,
)

func indexTemplateFunctions(groups ...[]templateFunction) map[string]*templateFunction {
	index := map[string]*templateFunction{}
	for _, group := range groups {
		for i := range group {
			index[strings.ToLower(group[i].name)] = &group[i]
		}
	}
	return index
}

// lookupTemplateFunction returns the function of that name, or nil.
func lookupTemplateFunction(name string) *templateFunction {
	return templateFunctions[strings.ToLower(name)]
}

// unknownFunctionHint names the functions that begin as the unknown one does, or
// else all of them.
func unknownFunctionHint(name string) string {
	var near, all []string
	for key, f := range templateFunctions {
		all = append(all, f.name)
		if n := min(len(name), 3); strings.HasPrefix(key, strings.ToLower(name[:n])) {
			near = append(near, f.name)
		}
	}
	if len(near) == 0 {
		near = all
	}
	slices.Sort(near)
	return "functions: " + strings.Join(near, ", ")
}

// ofText makes the run of a function that maps a text to a text.
func ofText(f func(string) string) func([]byte, *templateCall, []string) ([]byte, error) {
	return func(dst []byte, _ *templateCall, args []string) ([]byte, error) {
		return append(dst, f(args[0])...), nil
	}
}
