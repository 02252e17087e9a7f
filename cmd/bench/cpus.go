package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// cpus says where processes run: the peer alone on one CPU, everything else on
// another. Empty: wherever the kernel puts them.
type cpus struct{ peer, rest string }

// chooseCPUs takes the first two CPUs that this process may use. Without a choice,
// why is the reason.
func chooseCPUs(unpinned bool) (c cpus, why string) {
	if unpinned {
		return c, "-unpinned"
	}
	if _, err := exec.LookPath("taskset"); err != nil {
		return c, "there is no taskset (util-linux)"
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return c, err.Error()
	}
	allowed := allowedCPUs(string(status))
	if len(allowed) < 2 {
		return c, "this process may use one CPU only"
	}
	return cpus{peer: strconv.Itoa(allowed[0]), rest: strconv.Itoa(allowed[1])}, ""
}

// allowedCPUs reads the list (as in "0-3,8") of a /proc/PID/status.
func allowedCPUs(status string) []int {
	_, list, _ := strings.Cut(status, "Cpus_allowed_list:")
	list, _, _ = strings.Cut(list, "\n")
	var all []int
	for part := range strings.SplitSeq(strings.TrimSpace(list), ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		first, err1 := strconv.Atoi(from)
		last, err2 := strconv.Atoi(to)
		if err1 != nil || err2 != nil {
			return all
		}
		for cpu := first; cpu <= last; cpu++ {
			all = append(all, cpu)
		}
	}
	return all
}
