package features

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Config is what support code in JavaScript tells apickli otherwise:
//
//	this.apickli = new apickli.Apickli("https", "api.example.com/v1/foo", "fixtures");
//	this.apickli.setGlobalVariable("clientId", process.env.CLIENT_ID);
//	this.apickli.addRequestHeader("Cache-Control", "no-cache");
type Config struct {
	// Host is the Host header of requests.
	Host string `yaml:"host"`
	// BasePath comes before every resource; "/" for nothing, "" for the base path
	// of what is deployed.
	BasePath string `yaml:"base-path"`
	// Fixtures is the folder of the files that steps name.
	Fixtures string `yaml:"fixtures"`
	// Variables are set before the first scenario, in global scope.
	Variables map[string]string `yaml:"variables"`
	// Headers are set before each scenario.
	Headers map[string]string `yaml:"headers"`
}

// configName is the file beside features that holds a Config.
const configName = "features.yaml"

// ReadConfig reads features.yaml in the folder of the features; without one it is
// the default. A key that it does not know is an error with its line.
func ReadConfig(root string) (*Config, error) {
	if info, err := os.Stat(root); err == nil && !info.IsDir() {
		root = filepath.Dir(root)
	}
	c := &Config{Host: "example.com", Variables: map[string]string{}}
	file := filepath.Join(root, configName)
	data, err := readFile(file, maxFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c, nil
	case err != nil:
		return nil, err
	}
	if err := yaml.UnmarshalWithOptions(data, c, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%s:\n%s\nknown keys: host, base-path, fixtures, variables, headers", file, yaml.FormatError(err, false, true))
	}
	if c.Fixtures != "" && !filepath.IsAbs(c.Fixtures) {
		c.Fixtures = filepath.Join(root, c.Fixtures)
	}
	return c, nil
}

// headers are the headers in the order of their names.
func (c *Config) headers() []pair {
	var list []pair
	for name, value := range c.Headers {
		list = append(list, pair{name, value})
	}
	slices.SortFunc(list, func(a, b pair) int { return strings.Compare(a.name, b.name) })
	return list
}
