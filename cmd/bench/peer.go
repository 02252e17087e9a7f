package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// peer is somebody who answers the workloads.
type peer struct {
	name string
	// argv says how it is started to listen on an address and to pass everything to
	// the upstream. nil: the peer is the upstream.
	argv func(b *bench, address string) ([]string, error)
}

// The names that ratios and profiles refer to.
const (
	sluice       = "sluice"
	nginx        = "nginx"
	reverseProxy = "ReverseProxy"
)

var peers = []peer{
	{name: sluice, argv: sluiceArgv},
	{name: nginx, argv: nginxArgv},
	{name: reverseProxy, argv: func(b *bench, address string) ([]string, error) {
		return []string{b.self, "reverseproxy", address, b.upstream}, nil
	}},
	{name: "upstream"},
}

func peerNames() []string {
	names := make([]string, 0, len(peers))
	for i := range peers {
		names = append(names, peers[i].name)
	}
	return names
}

func sluiceArgv(b *bench, address string) ([]string, error) {
	folder := filepath.Join(b.folder, "passthrough")
	if err := writeBundle(folder, "passthrough", "passthrough", "/", b.upstream); err != nil {
		return nil, err
	}
	argv := []string{b.binary, "serve", "--listen", address, "--log-level", "error", folder}
	if b.admin != "" {
		argv = append(argv, "--admin", b.admin)
	}
	return argv, nil
}

// findNginx returns the path of nginx, or "": distributions put it outside the
// users' PATH.
func findNginx() string {
	for _, name := range []string{"nginx", "/usr/sbin/nginx"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// nginxConf passes requests on over kept connections, as the other peers do. No
// file is ever written: buffers hold the largest response.
const nginxConf = `worker_processes @WORKERS@; daemon off; pid nginx.pid; error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off; tcp_nodelay on; keepalive_timeout 600s; keepalive_requests 1000000000;
  client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
  upstream backend { server @UPSTREAM@; keepalive 256; keepalive_requests 1000000000; keepalive_timeout 600s; }
  server {
    listen @ADDRESS@ backlog=4096;
    location / {
      proxy_pass http://backend;
      proxy_http_version 1.1; proxy_buffers 16 8k; proxy_max_temp_file_size 0;
      proxy_set_header Connection ""; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`

func nginxArgv(b *bench, address string) ([]string, error) {
	folder := filepath.Join(b.folder, "nginx")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	workers := "1"
	if b.cpus.peer == "" {
		workers = "auto"
	}
	conf := strings.NewReplacer("@ADDRESS@", address, "@UPSTREAM@", b.upstream, "@WORKERS@", workers).Replace(nginxConf)
	file := filepath.Join(folder, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		return nil, fmt.Errorf("nginx: %w", err)
	}
	return []string{b.nginx, "-p", folder, "-c", file, "-e", "stderr"}, nil
}
