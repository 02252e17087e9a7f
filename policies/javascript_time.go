package policies

import (
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones are known also in an image without the system's files

	"sluice/internal/javatime"
)

// javascriptZones are the short names of java.util.TimeZone that mean a region; it
// has kept them from its first version.
var javascriptZones = map[string]string{
	"ACT": "Australia/Darwin", "AET": "Australia/Sydney", "ART": "Africa/Cairo", "AST": "America/Anchorage",
	"BET": "America/Sao_Paulo", "BST": "Asia/Dhaka", "CAT": "Africa/Harare", "CNT": "America/St_Johns",
	"CST": "America/Chicago", "CTT": "Asia/Shanghai", "EAT": "Africa/Addis_Ababa", "ECT": "Europe/Paris",
	"IET": "America/Indiana/Indianapolis", "IST": "Asia/Kolkata", "JST": "Asia/Tokyo", "MIT": "Pacific/Apia",
	"NET": "Asia/Yerevan", "NST": "Pacific/Auckland", "PLT": "Asia/Karachi", "PNT": "America/Phoenix",
	"PRT": "America/Puerto_Rico", "PST": "America/Los_Angeles", "SST": "Pacific/Guadalcanal", "VST": "Asia/Ho_Chi_Minh",
}

// javascriptFormat is crypto.dateFormat: a pattern of SimpleDateFormat, a zone of
// java.util.TimeZone.
func javascriptFormat(pattern, zone string, t time.Time) (string, error) {
	f, err := javatime.Compile(pattern)
	if err != nil {
		return "", err
	}
	return f.Format(t.In(javascriptZone(zone))), nil
}

// javascriptZone reads a zone as java.util.TimeZone does: what it does not know is GMT.
func javascriptZone(name string) *time.Location {
	if offset, ok := strings.CutPrefix(name, "GMT"); ok && offset != "" {
		return javascriptOffset(offset)
	}
	if region, ok := javascriptZones[name]; ok {
		name = region
	}
	if name == "" || name == "Local" {
		return time.UTC
	}
	if zone, err := time.LoadLocation(name); err == nil {
		return zone
	}
	return time.UTC
}

// javascriptOffset reads +9, +09:00 or +0900.
func javascriptOffset(text string) *time.Location {
	digits := strings.Replace(text[1:], ":", "", 1)
	if len(digits) <= 2 {
		digits += "00"
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 || n/100 > 23 || n%100 > 59 || text[0] != '+' && text[0] != '-' {
		return time.UTC
	}
	seconds := (n/100)*3600 + (n%100)*60
	if text[0] == '-' {
		seconds = -seconds
	}
	return time.FixedZone("GMT"+text, seconds)
}
