// Package faultlint finds, in the files of bundles, error handling that cannot
// work: rules that never run, flags that nothing sets, answers that come too
// early. It compiles nothing and needs no policy type to be available.
//
// The path through it:
//
//  1. [Check] is given bundles as bytes and the rules to run. document reads an
//     XML file with the lines of its elements (xml.go); a bundle is its endpoints,
//     fault rules, steps and policies (bundle.go).
//  2. A Condition is cut into its comparisons (condition.go). What a comparison
//     says, and what "and" and "or" make of it, flow itself is asked.
//  3. An endpoint's sources are the policies that can raise a fault there, and
//     what is not known of them: a shared flow that is not among the bundles may
//     raise anything (sources.go).
//  4. A world is one fault at one place. An endpoint's worlds are all that its
//     fault rules may ever be asked about (world.go). "This rule never runs"
//     means: there is no world, and no value of the variables that worlds leave
//     open, in which it is chosen (solve.go).
//  5. A [Rule] is a value with its documentation, one file each, named after it.
//     It walks a bundle and reports findings, each a warning with file, line,
//     explanation and fix. A new rule touches no other file.
//
// A rule says nothing where it is not certain. What the bundles themselves cannot
// tell stays out of a finding: flow hooks are looked at only when the environment
// lists them.
//
// Each rule's tests lie in testdata/NAME: bundles whose lines carry the finding
// that is expected there, as <!-- want "text" -->.
package faultlint
