// Package window divides time the way Apigee's Quota does: into windows of n
// seconds, minutes, hours, days, weeks or months that are aligned, count from a
// start time, begin with the first request, or slide (policies-2.md, section
// Quota).
//
//  1. window.go   Window: its length, and where the present one begins and ends
//  2. rolling.go  the parts that a sliding window is counted in
//
// A Window is a value; it knows no counter and no clock.
package window
