package integrations

var booleanFunctions = map[string]function{
	"AND":       {kindBoolean, "b", logic(func(x, y bool) bool { return x && y })},
	"OR":        {kindBoolean, "b", logic(func(x, y bool) bool { return x || y })},
	"NAND":      {kindBoolean, "b", logic(func(x, y bool) bool { return !(x && y) })},
	"NOR":       {kindBoolean, "b", logic(func(x, y bool) bool { return !(x || y) })},
	"XOR":       {kindBoolean, "b", logic(func(x, y bool) bool { return x != y })},
	"XNOR":      {kindBoolean, "b", logic(func(x, y bool) bool { return x == y })},
	"EQUALS":    {kindBoolean, "b", logic(func(x, y bool) bool { return x == y })},
	"NOT":       {kindBoolean, "", func(a arguments) (value, error) { return !a.selfBoolean(), nil }},
	"TO_JSON":   {kindBoolean, "", same},
	"TO_STRING": {kindBoolean, "", asText},
}

func logic(op func(x, y bool) bool) func(arguments) (value, error) {
	return func(a arguments) (value, error) { return op(a.selfBoolean(), a.boolean(0)), nil }
}
