package javatime

import (
	"strings"
	"time"
)

// A zone is a customary abbreviation with its offset from UTC. The offset tells
// apart what shares an abbreviation.
type zone struct {
	short  string
	offset time.Duration
	long   string
}

// zones hold JDK 17's English names. Package time knows the abbreviations only, and
// CLDR's names are not in golang.org/x/text. Where an abbreviation is ambiguous,
// Parse takes the first.
var zones = []zone{
	{"UTC", 0, "Coordinated Universal Time"},
	{"GMT", 0, "Greenwich Mean Time"},
	{"EST", -5 * time.Hour, "Eastern Standard Time"},
	{"EDT", -4 * time.Hour, "Eastern Daylight Time"},
	{"CST", -6 * time.Hour, "Central Standard Time"},
	{"CDT", -5 * time.Hour, "Central Daylight Time"},
	{"MST", -7 * time.Hour, "Mountain Standard Time"},
	{"MDT", -6 * time.Hour, "Mountain Daylight Time"},
	{"PST", -8 * time.Hour, "Pacific Standard Time"},
	{"PDT", -7 * time.Hour, "Pacific Daylight Time"},
	{"AKST", -9 * time.Hour, "Alaska Standard Time"},
	{"AKDT", -8 * time.Hour, "Alaska Daylight Time"},
	{"HST", -10 * time.Hour, "Hawaii-Aleutian Standard Time"},
	{"BST", time.Hour, "British Summer Time"},
	{"WET", 0, "Western European Standard Time"},
	{"WEST", time.Hour, "Western European Summer Time"},
	{"CET", time.Hour, "Central European Standard Time"},
	{"CEST", 2 * time.Hour, "Central European Summer Time"},
	{"EET", 2 * time.Hour, "Eastern European Standard Time"},
	{"EEST", 3 * time.Hour, "Eastern European Summer Time"},
	{"MSK", 3 * time.Hour, "Moscow Standard Time"},
	{"IST", 5*time.Hour + 30*time.Minute, "India Standard Time"},
	{"IST", 2 * time.Hour, "Israel Standard Time"},
	{"IST", time.Hour, "Irish Standard Time"},
	{"IDT", 3 * time.Hour, "Israel Daylight Time"},
	{"PKT", 5 * time.Hour, "Pakistan Standard Time"},
	{"CST", 8 * time.Hour, "China Standard Time"},
	{"JST", 9 * time.Hour, "Japan Standard Time"},
	{"KST", 9 * time.Hour, "Korean Standard Time"},
	{"AWST", 8 * time.Hour, "Australian Western Standard Time"},
	{"ACST", 9*time.Hour + 30*time.Minute, "Australian Central Standard Time"},
	{"ACDT", 10*time.Hour + 30*time.Minute, "Australian Central Daylight Time"},
	{"AEST", 10 * time.Hour, "Australian Eastern Standard Time"},
	{"AEDT", 11 * time.Hour, "Australian Eastern Daylight Time"},
	{"NZST", 12 * time.Hour, "New Zealand Standard Time"},
	{"NZDT", 13 * time.Hour, "New Zealand Daylight Time"},
	{"SAST", 2 * time.Hour, "South Africa Standard Time"},
	{"WAT", time.Hour, "West Africa Standard Time"},
	{"EAT", 3 * time.Hour, "East Africa Time"},
}

// zoneName returns Java's name of t's zone, or GMT+hh:mm.
func zoneName(t time.Time, long bool) string {
	short, seconds := t.Zone()
	for _, z := range zones {
		if z.short != short || z.offset != time.Duration(seconds)*time.Second {
			continue
		}
		if long {
			return z.long
		}
		return z.short
	}
	return string(appendOffset([]byte("GMT"), t, ":"))
}

// zoneAt returns the zone whose name s begins with, without regard to case, and the
// length of that name; the longest wins.
func zoneAt(s string) (offset time.Duration, size int) {
	for _, z := range zones {
		for _, name := range []string{z.short, z.long} {
			if len(name) > size && len(name) <= len(s) && strings.EqualFold(s[:len(name)], name) {
				offset, size = z.offset, len(name)
			}
		}
	}
	return offset, size
}
