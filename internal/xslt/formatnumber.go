package xslt

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"sluice/internal/xpath"
)

// decimalFormat is xsl:decimal-format.
type decimalFormat struct {
	decimal, grouping, minus, percent, perMille, zero, digit, separator rune
	infinity, nan                                                       string
}

func newDecimalFormat() *decimalFormat {
	return &decimalFormat{'.', ',', '-', '%', '\u2030', '0', '#', ';', "Infinity", "NaN"}
}

func (c *compiler) decimalFormat(el *xpath.Node) {
	c.knows(el, "name", "decimal-separator", "grouping-separator", "infinity", "minus-sign", "NaN", "percent", "per-mille", "zero-digit", "digit", "pattern-separator")
	d := newDecimalFormat()
	for attr, to := range map[string]*rune{
		"decimal-separator": &d.decimal, "grouping-separator": &d.grouping, "minus-sign": &d.minus, "percent": &d.percent,
		"per-mille": &d.perMille, "zero-digit": &d.zero, "digit": &d.digit, "pattern-separator": &d.separator,
	} {
		text, ok := el.Attribute(attr)
		if !ok {
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		if size == 0 || size != len(text) {
			c.fail(el, "", "%s=%q is not one character", attr, text)
		}
		*to = r
	}
	if text, ok := el.Attribute("infinity"); ok {
		d.infinity = text
	}
	if text, ok := el.Attribute("NaN"); ok {
		d.nan = text
	}
	n := name{}
	if text, ok := el.Attribute("name"); ok {
		n = c.name(el, text)
	}
	c.sheet.formats[n] = d
}

func (c *compiler) formatNumber(el *xpath.Node) func(*xpath.Context, []xpath.Result) (xpath.Result, error) {
	formats := c.sheet.formats
	return func(c *xpath.Context, args []xpath.Result) (xpath.Result, error) {
		n := name{}
		if len(args) == 3 {
			var err error
			if n, err = resolveName(el, args[2].String()); err != nil {
				return xpath.Result{}, err
			}
		}
		d := formats[n]
		if d == nil {
			return xpath.Result{}, fmt.Errorf("no decimal format is called %v", n)
		}
		number, err := c.Work.Number(args[0])
		if err != nil {
			return xpath.Result{}, err
		}
		text, err := d.format(number, args[1].String())
		return xpath.OfString(text), err
	}
}

// picture is one half of the pattern of format-number(), as java.text.DecimalFormat has it.
type picture struct {
	prefix, suffix                        string
	integers, fractions, optional, groups int
	scale                                 float64
}

// maxPicture bounds the pattern, and with it the digits.
const maxPicture = 256

// format writes f as the pattern says (XSLT 1.0, section 12.3; JDK 1.1).
func (d *decimalFormat) format(f float64, pattern string) (string, error) {
	if len(pattern) > maxPicture {
		return "", fmt.Errorf("the pattern of format-number() is longer than %d bytes", maxPicture)
	}
	if math.IsNaN(f) {
		return d.nan, nil
	}
	positive, negative, both := strings.Cut(pattern, string(d.separator))
	p, err := d.picture(positive)
	if err != nil {
		return "", err
	}
	digits := d.digits(math.Abs(f), p)
	if !(f < 0) {
		return p.prefix + digits + p.suffix, nil
	}
	if !both {
		return string(d.minus) + p.prefix + digits + p.suffix, nil
	}
	n, err := d.picture(negative)
	return n.prefix + digits + n.suffix, err
}

// picture reads one half of a pattern.
func (d *decimalFormat) picture(text string) (picture, error) {
	p := picture{scale: 1}
	fraction, started, ended := false, false, false
	sinceGroup := -1
	for _, r := range text {
		switch digit := r == d.digit || r == d.zero; {
		case digit && ended:
			return p, fmt.Errorf("%q is no pattern of format-number(): digits after the suffix", text)
		case digit && fraction:
			p.countFraction(r == d.zero)
		case digit:
			if started = true; r == d.zero {
				p.integers++
			}
			if sinceGroup >= 0 {
				sinceGroup++
			}
		case r == d.decimal && !fraction && !ended:
			fraction, started = true, true
		case r == d.grouping && !fraction && !ended:
			sinceGroup = 0
		default:
			ended = started
			p.affix(d, r, ended)
		}
	}
	p.groups = max(sinceGroup, 0)
	return p, nil
}

func (p *picture) countFraction(zero bool) {
	p.optional++
	if zero {
		p.fractions = p.optional
	}
}

// affix takes a character of the prefix or the suffix.
func (p *picture) affix(d *decimalFormat, r rune, suffix bool) {
	switch r {
	case d.percent:
		p.scale = 100
	case d.perMille:
		p.scale = 1000
	}
	if suffix {
		p.suffix += string(r)
	} else {
		p.prefix += string(r)
	}
}

// digits are those of a number that is not negative.
func (d *decimalFormat) digits(f float64, p picture) string {
	if math.IsInf(f, 0) {
		return d.infinity
	}
	text := strconv.FormatFloat(shifted(f, p.scale), 'f', p.optional, 64)
	whole, fraction, _ := strings.Cut(text, ".")
	whole = strings.TrimLeft(whole, "0")
	if missing := p.integers - len(whole); missing > 0 {
		whole = strings.Repeat("0", missing) + whole
	}
	for len(fraction) > p.fractions && fraction[len(fraction)-1] == '0' {
		fraction = fraction[:len(fraction)-1]
	}
	if whole == "" && fraction == "" {
		whole = "0"
	}
	var out strings.Builder
	for i, digit := range whole {
		if p.groups > 0 && i > 0 && (len(whole)-i)%p.groups == 0 {
			out.WriteRune(d.grouping)
		}
		out.WriteRune(d.zero + digit - '0')
	}
	if fraction != "" {
		out.WriteRune(d.decimal)
	}
	for _, digit := range fraction {
		out.WriteRune(d.zero + digit - '0')
	}
	return out.String()
}

// shifted multiplies with a power of ten so that 0.07 percent becomes 7, not 7.000000000000001.
func shifted(f, scale float64) float64 {
	if scale == 1 {
		return f
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	e, err := strconv.Atoi(exponent)
	if err != nil {
		return f * scale // infinite
	}
	result, err := strconv.ParseFloat(fmt.Sprintf("%se%d", mantissa, e+int(math.Log10(scale))), 64)
	if err != nil {
		return f * scale
	}
	return result
}
