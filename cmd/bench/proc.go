package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of CPU times in /proc: USER_HZ is 100 on every Linux that Go
// runs on.
const tick = 10 * time.Millisecond

// tree lists a process and its descendants: nginx works in a child.
func tree(pid int) []int {
	all := []int{pid}
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // the pattern is well-formed
	for _, list := range lists {
		data, _ := os.ReadFile(list) // a thread that is gone has no children
		for _, child := range strings.Fields(string(data)) {
			if id, err := strconv.Atoi(child); err == nil {
				all = append(all, tree(id)...)
			}
		}
	}
	return all
}

// cpuTime is what a process and its descendants have used so far, in user and in
// kernel mode.
func cpuTime(pid int) (time.Duration, error) {
	var sum time.Duration
	for _, id := range tree(pid) {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", id))
		if err != nil {
			return 0, fmt.Errorf("reading CPU time: %w", err)
		}
		// The name in brackets may hold anything; fields are counted behind it.
		fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
		const utime, stime = 11, 12
		if len(fields) <= stime {
			return 0, fmt.Errorf("/proc/%d/stat is not as expected", id)
		}
		for _, field := range []string{fields[utime], fields[stime]} {
			ticks, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				return 0, err
			}
			sum += time.Duration(ticks) * tick
		}
	}
	return sum, nil
}

// mebibytes is the resident size of a process and its descendants. Pages that they
// share count more than once.
func mebibytes(pid int) float64 {
	sum := 0.0
	for _, id := range tree(pid) {
		data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", id)) // gone: 0
		_, rest, _ := strings.Cut(string(data), "VmRSS:")
		if fields := strings.Fields(rest); len(fields) > 0 {
			kibibytes, _ := strconv.ParseFloat(fields[0], 64)
			sum += kibibytes / 1024
		}
	}
	return sum
}

// machineTime is the CPU time that all processes of the machine have used so far;
// 0 if it cannot be read.
func machineTime() time.Duration {
	data, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(data), "\n")
	fields := strings.Fields(line) // cpu user nice system idle iowait irq softirq ...
	var sum time.Duration
	for _, i := range []int{1, 2, 3, 6, 7} {
		if i < len(fields) {
			ticks, _ := strconv.ParseInt(fields[i], 10, 64)
			sum += time.Duration(ticks) * tick
		}
	}
	return sum
}

// cpuModel names the CPU for the reader of a table.
func cpuModel() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	_, rest, found := strings.Cut(string(data), "model name")
	name, _, _ := strings.Cut(rest, "\n")
	if !found {
		return "unknown CPU"
	}
	return strings.TrimLeft(name, "\t :")
}
