package javaregex

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
)

// The sets that Java's escapes and classes are made of (Pattern, "Predefined
// character classes", "Line terminators", "POSIX character classes").
var (
	terminators     = runes('\n', '\r', 0x85, 0x2028, 0x2029)
	verticalSpace   = normal([]span{{'\n', '\r'}, {0x85, 0x85}, {0x2028, 0x2029}})
	horizontalSpace = normal([]span{{'\t', '\t'}, {' ', ' '}, {0xA0, 0xA0}, {0x1680, 0x1680},
		{0x180E, 0x180E}, {0x2000, 0x200A}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}})

	asciiDigit = set{{'0', '9'}}
	asciiUpper = set{{'A', 'Z'}}
	asciiLower = set{{'a', 'z'}}
	asciiAlpha = union(asciiUpper, asciiLower)
	asciiAlnum = union(asciiAlpha, asciiDigit)
	asciiSpace = set{{'\t', '\r'}, {' ', ' '}}
	asciiPunct = set{{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}
	asciiHex   = union(asciiDigit, set{{'A', 'F'}, {'a', 'f'}})

	asciiClasses = map[rune]set{'d': asciiDigit, 's': asciiSpace, 'w': union(asciiAlnum, runes('_'))}
)

// unicodeClasses are \d, \s and \w under (?U).
var unicodeClasses = map[rune]func() set{'d': unicodeDigit, 's': whiteSpace, 'w': word}

func alphabetic() set {
	return tables(unicode.L, unicode.Nl, unicode.Other_Alphabetic)
}
func unicodeDigit() set { return tables(unicode.Nd) }
func whiteSpace() set   { return tables(unicode.White_Space) }
func lowercase() set    { return tables(unicode.Ll, unicode.Other_Lowercase) }
func uppercase() set    { return tables(unicode.Lu, unicode.Other_Uppercase) }
func titlecase() set    { return tables(unicode.Lt) }
func anyCase() set      { return union(lowercase(), uppercase(), titlecase()) }
func assigned() set {
	return tables(unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs)
}
func unicodeAlnum() set { return union(alphabetic(), unicodeDigit()) }
func unicodeBlank() set { return union(tables(unicode.Zs), runes('\t')) }
func unicodeHex() set {
	return union(unicodeDigit(), tables(unicode.Hex_Digit))
}
func unicodeGraph() set {
	return subtract(assigned(), union(whiteSpace(), tables(unicode.Cc, unicode.Cs)))
}
func unicodePrint() set {
	return subtract(union(unicodeGraph(), unicodeBlank()), tables(unicode.Cc))
}
func word() set {
	return union(alphabetic(), tables(unicode.M, unicode.Nd, unicode.Pc, unicode.Join_Control))
}
func identifierIgnorable() set {
	return union(set{{0, 8}, {0x0E, 0x1B}, {0x7F, 0x9F}}, tables(unicode.Cf))
}

// posix are \p{Name} without (?U).
var posix = map[string]set{
	"Lower": asciiLower, "Upper": asciiUpper, "ASCII": {{0, 0x7F}}, "Alpha": asciiAlpha,
	"Digit": asciiDigit, "Alnum": asciiAlnum, "Punct": asciiPunct, "Graph": {{'!', '~'}},
	"Print": {{' ', '~'}}, "Blank": runes(' ', '\t'), "Cntrl": {{0, 0x1F}, {0x7F, 0x7F}},
	"XDigit": asciiHex, "Space": asciiSpace,
	// Not POSIX, but of the same kind.
	"L1": {{0, 0xFF}}, "all": anyRune,
}

// posixUnicode are \p{Name} under (?U).
var posixUnicode = map[string]func() set{
	"Lower": lowercase, "Upper": uppercase, "Alpha": alphabetic, "Digit": unicodeDigit,
	"Alnum": unicodeAlnum, "Graph": unicodeGraph, "Print": unicodePrint, "Blank": unicodeBlank,
	"XDigit": unicodeHex, "Space": whiteSpace,
	"Punct": func() set { return tables(unicode.P) },
	"Cntrl": func() set { return tables(unicode.Cc) },
}

// javaMethods are \p{javaName}, one for each Character.isName; isMirrored is
// missing for want of a table.
var javaMethods = map[string]func() set{
	"LowerCase": lowercase, "UpperCase": uppercase, "TitleCase": titlecase, "Alphabetic": alphabetic,
	"Digit": unicodeDigit, "Defined": assigned, "IdentifierIgnorable": identifierIgnorable,
	"Ideographic":   func() set { return tables(unicode.Ideographic) },
	"Letter":        func() set { return tables(unicode.L) },
	"LetterOrDigit": func() set { return tables(unicode.L, unicode.Nd) },
	"SpaceChar":     func() set { return tables(unicode.Z) },
	"ISOControl":    func() set { return set{{0, 0x1F}, {0x7F, 0x9F}} },
	"Whitespace": func() set {
		return union(subtract(tables(unicode.Z), runes(0xA0, 0x2007, 0x202F)), set{{'\t', '\r'}, {0x1C, 0x1F}})
	},
	"JavaIdentifierStart": func() set { return tables(unicode.L, unicode.Nl, unicode.Sc, unicode.Pc) },
	"JavaIdentifierPart": func() set {
		return union(tables(unicode.L, unicode.Nl, unicode.Sc, unicode.Pc, unicode.Nd, unicode.Mc, unicode.Mn), identifierIgnorable())
	},
	"UnicodeIdentifierStart": func() set { return tables(unicode.L, unicode.Nl, unicode.Other_ID_Start) },
	"UnicodeIdentifierPart": func() set {
		return union(tables(unicode.L, unicode.Nl, unicode.Pc, unicode.Nd, unicode.Mc, unicode.Mn,
			unicode.Other_ID_Start, unicode.Other_ID_Continue), identifierIgnorable())
	},
}

// binary are \p{IsNAME}, in upper case and without underscores.
var binary = map[string]func() set{
	"ALPHABETIC": alphabetic, "LOWERCASE": lowercase, "UPPERCASE": uppercase, "TITLECASE": titlecase,
	"WHITESPACE": whiteSpace, "HEXDIGIT": unicodeHex, "ASSIGNED": assigned, "DIGIT": unicodeDigit,
	"ALNUM": unicodeAlnum, "BLANK": unicodeBlank, "GRAPH": unicodeGraph, "PRINT": unicodePrint, "WORD": word,
	"IDEOGRAPHIC":           func() set { return tables(unicode.Ideographic) },
	"LETTER":                func() set { return tables(unicode.L) },
	"CONTROL":               func() set { return tables(unicode.Cc) },
	"PUNCTUATION":           func() set { return tables(unicode.P) },
	"JOINCONTROL":           func() set { return tables(unicode.Join_Control) },
	"NONCHARACTERCODEPOINT": func() set { return tables(unicode.Noncharacter_Code_Point) },
}

// caseProperties are the properties that (?i) widens to every case.
var caseProperties = map[string]func() set{
	"Lower": func() set { return asciiAlpha }, "Upper": func() set { return asciiAlpha },
	"Lu": casedLetter, "Ll": casedLetter, "Lt": casedLetter,
	"javaLowerCase": anyCase, "javaUpperCase": anyCase, "javaTitleCase": anyCase,
	"LOWERCASE": anyCase, "UPPERCASE": anyCase, "TITLECASE": anyCase,
}

func casedLetter() set { return tables(unicode.Lu, unicode.Ll, unicode.Lt) }

// property reads what follows \p: one letter or {name}.
func (p *parser) property() (set, error) {
	start := p.pos
	name, err := p.propertyName()
	if err != nil {
		return nil, err
	}
	if s, ok := p.lookup(name); ok {
		return s, nil
	}
	return nil, p.errorAt(start, "unknown character property name {%s}", name)
}

func (p *parser) propertyName() (string, error) {
	if p.pos >= len(p.chars) {
		return "", p.errorf("character property without a name")
	}
	if !p.accept("{") {
		p.pos++
		return string(p.chars[p.pos-1].r), nil
	}
	start := p.pos
	var b strings.Builder
	for !p.accept("}") {
		if p.peek() == eof {
			return "", p.errorAt(start, "unclosed character family")
		}
		b.WriteRune(p.chars[p.pos].r)
		p.pos++
	}
	return b.String(), nil
}

func (p *parser) lookup(name string) (set, bool) {
	if key, value, ok := strings.Cut(name, "="); ok {
		return keyed(strings.ToLower(key), value)
	}
	if block, ok := strings.CutPrefix(name, "In"); ok {
		return blockSet(block)
	}
	if is, ok := strings.CutPrefix(name, "Is"); ok {
		return p.lookupIs(is)
	}
	if f, ok := posixUnicode[name]; ok && p.flags.unicodeClass {
		return p.widened(strings.ToUpper(name)+"CASE", f), true
	}
	return p.lookupPlain(name)
}

func (p *parser) lookupIs(name string) (set, bool) {
	key := strings.ReplaceAll(strings.ToUpper(name), "_", "")
	if f, ok := binary[key]; ok && !strings.HasPrefix(name, "_") {
		return p.widened(key, f), true
	}
	if s, ok := p.lookupPlain(name); ok {
		return s, true
	}
	return scriptSet(name)
}

func (p *parser) lookupPlain(name string) (set, bool) {
	if s, ok := posix[name]; ok {
		return p.widened(name, func() set { return s }), true
	}
	if method, ok := strings.CutPrefix(name, "java"); ok {
		f, ok := javaMethods[method]
		if !ok {
			return nil, false
		}
		return p.widened(name, f), true
	}
	if name == "LD" {
		return tables(unicode.L, unicode.Nd), true
	}
	s, ok := categorySet(name)
	if !ok {
		return nil, false
	}
	return p.widened(name, func() set { return s }), true
}

// widened returns f, or every case of it if (?i) is in force and name is a
// property of case (since JDK 15, bug 8214245).
func (p *parser) widened(name string, f func() set) set {
	if wide, ok := caseProperties[name]; ok && p.flags.ignoreCase {
		return wide()
	}
	return f()
}

// keyed answers \p{key=value}.
func keyed(key, value string) (set, bool) {
	switch key {
	case "sc", "script":
		return scriptSet(value)
	case "blk", "block":
		return blockSet(value)
	case "gc", "general_category":
		return categorySet(value)
	}
	return nil, false
}

func categorySet(name string) (set, bool) {
	switch name {
	case "Cn":
		return assigned().negate(), true
	case "C":
		return union(assigned().negate(), tables(unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs)), true
	case "LC":
		return casedLetter(), true
	}
	t, ok := unicode.Categories[name]
	if !ok || len(name) > 2 {
		return nil, false
	}
	return tables(t), true
}

// isoScripts are the ISO 15924 codes of the scripts most used; the others are
// known by their full names only.
var isoScripts = map[string]string{
	"LATN": "LATIN", "GREK": "GREEK", "CYRL": "CYRILLIC", "ARAB": "ARABIC", "HEBR": "HEBREW",
	"HANI": "HAN", "HIRA": "HIRAGANA", "KANA": "KATAKANA", "HANG": "HANGUL", "THAI": "THAI",
	"DEVA": "DEVANAGARI", "ARMN": "ARMENIAN", "GEOR": "GEORGIAN", "BENG": "BENGALI", "TAML": "TAMIL",
	"TELU": "TELUGU", "ETHI": "ETHIOPIC", "KHMR": "KHMER", "MONG": "MONGOLIAN", "BOPO": "BOPOMOFO",
	"ZYYY": "COMMON", "ZINH": "INHERITED",
}

var scripts = sync.OnceValue(func() map[string]*unicode.RangeTable {
	upper := map[string]*unicode.RangeTable{}
	for name, t := range unicode.Scripts {
		upper[strings.ToUpper(name)] = t
	}
	return upper
})

func scriptSet(name string) (set, bool) {
	name = strings.ToUpper(name)
	if full, ok := isoScripts[name]; ok {
		name = full
	}
	t, ok := scripts()[name]
	if !ok {
		return nil, false
	}
	return tables(t), true
}

// blocksText lists the Unicode blocks that JDK 17 knows (package unicode has none):
// first and last code point, and the name of the Character.UnicodeBlock constant
// without underscores.
//
//go:embed blocks.txt
var blocksText string

// blockNames are Unicode's names where Java's constant differs.
var blockNames = map[string]string{
	"GREEKANDCOPTIC":                      "GREEK",
	"COMBININGDIACRITICALMARKSFORSYMBOLS": "COMBININGMARKSFORSYMBOLS",
	"CYRILLICSUPPLEMENT":                  "CYRILLICSUPPLEMENTARY",
}

var blocks = sync.OnceValue(func() map[string]set {
	byName := map[string]set{}
	for line := range strings.Lines(blocksText) {
		f := strings.Fields(line)
		byName[f[2]] = set{{hexRune(f[0]), hexRune(f[1])}}
	}
	return byName
})

func hexRune(s string) rune {
	value := rune(0)
	for _, r := range s {
		d, _ := hexDigit(r)
		value = value*16 + d
	}
	return value
}

func blockSet(name string) (set, bool) {
	name = strings.NewReplacer(" ", "", "_", "", "-", "").Replace(strings.ToUpper(name))
	if constant, ok := blockNames[name]; ok {
		name = constant
	}
	s, ok := blocks()[name]
	return s, ok
}
