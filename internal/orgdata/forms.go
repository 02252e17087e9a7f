package orgdata

import _ "embed"

// Forms shows all forms of files that are read here, each with the smallest whole
// example: text for users, in which the files stand as in a txtar archive.
//
//go:embed forms.txt
var Forms string
