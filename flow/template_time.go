package flow

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sluice/internal/javatime"
)

// timeFunctions format in UTC. timeFormat and timeFormatMs used the local zone
// once; that is documented as deprecated, and the zone of Apigee's machines is
// UTC.
var timeFunctions = []templateFunction{
	timeFormat("timeFormat", unixSeconds), timeFormat("timeFormatMs", time.UnixMilli),
	timeFormat("timeFormatUTC", unixSeconds), timeFormat("timeFormatUTCMs", time.UnixMilli),
}

func unixSeconds(n int64) time.Time { return time.Unix(n, 0) }

// timeFormat is the function name(pattern,time since the epoch).
func timeFormat(name string, at func(int64) time.Time) templateFunction {
	run := func(dst []byte, c *templateCall, args []string) ([]byte, error) {
		format, err := compiled(c, args[0], javatime.Compile)
		if err != nil {
			return dst, err
		}
		n, err := strconv.ParseInt(strings.TrimSpace(args[1]), 10, 64)
		if err != nil {
			return dst, fmt.Errorf("%q is no time since the epoch", shortened(args[1]))
		}
		return append(dst, format.Format(at(n).UTC())...), nil
	}
	return templateFunction{name: name, min: 2, max: 2, emptyWhenIgnored: true, check: compilesArgument(0, javatime.Compile), run: run}
}
