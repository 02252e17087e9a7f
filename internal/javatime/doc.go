// Package javatime formats and parses times with the patterns of Java's
// java.text.SimpleDateFormat, which Apigee's users write in timeFormat template
// functions and policies. JDK 17 with Locale.US is the oracle: testdata/java17.tsv.
// No Go library reads this pattern language; strftime and Go layouts lack its fields.
//
// The path of a pattern: Compile (pattern.go) cuts it into fields; Format (format.go)
// writes each field of a time; Parse (parse.go, fields.go) reads them leniently, as
// Java does, and adds them up. zone.go knows the English names of time zones.
//
// Known differences from Java:
//   - dates before October 15, 1582 are Gregorian, where Java goes over to Julian;
//   - a zone whose name Go does not know (most of those without a customary
//     abbreviation, as America/Sao_Paulo) is written as its offset, GMT-03:00;
//   - Parse reads W and F but does not use them, and of a day given in two ways takes
//     D before M and d, and those before w, whatever their order in the pattern;
//   - Parse takes ASCII digits only.
package javatime
