// Package cases reads *.case files and runs them: stories of requests and
// answers that an API proxy must tell in just that way. Tests of this project
// and `sluice test` run the same files.
//
// The life of a case:
//
//  1. Read makes a Case of a file, or says what is wrong with it and where
//     (read.go, config.go, wire.go).
//  2. Run deploys the bundle beside the file on a server of its own, with an
//     upstream, a clock and an integration service that follow the script
//     (run.go, world.go, upstream.go, integrations.go).
//  3. For each exchange it sends the request over TCP and compares what came
//     back, what the upstream got, and the variables at the end
//     (client.go, match.go, variables.go).
//  4. The Result tells what was not as written, which faults were raised, and
//     with a Trace which way each exchange took and what in the bundle decided
//     (result.go, observer.go, recorder.go, places.go, why.go). With
//     Options.Update the file is rewritten instead (update.go).
//
// Find finds the cases below folders, and a Suite runs many side by side and
// tells reports of them in their order (find.go, suite.go, report_*.go).
// Runners of other tests use the reports too, and Ways for the traces (ways.go).
// What follows is also what `sluice doc cases` prints (reference.go).
//
// # The folder
//
// A case lies beside the bundle that it is about:
//
//	apiproxy/                             the bundle
//	sharedflows/NAME/sharedflowbundle/    shared flows that it calls
//	proxies/NAME/apiproxy/                other proxies, for local targets
//	integrations/NAME.json                integrations for the local engine
//	products.json developers.json developerapps.json maps.json
//	                                      what the organization knows: keys, maps
//	targetservers.json                    the target servers of the environment
//	NAME.case
//
// The organization is "acme", the environment "test", the region "us-central1".
//
// # The file
//
// A case is a txtar archive. The text before the first section says why the case
// exists. These are the sections:
//
//	-- config --       first, optional: lines "key: value"
//	                     now: 2026-01-02T03:04:05Z   where the clock stands
//	                     targetserver: NAME=HOST:PORT | NAME=upstream | NAME=disabled
//	                                                 in place of the folder's of that name
//	                     identity: TEXT | fail       Google tokens (default test-token)
//	                     integrations: local | scripted
//	                     account: NAME               service account of the deployment
//	                     map: NAME=HOST:PORT         host mapping; every other name is the upstream
//	                     key: NAME rsa2048           a new key pair for each run: <NAME.private> and
//	                                                 <NAME.public> in requests, answers and test data are
//	                                                 its PEM, in one line in a header line. Also rsa1024,
//	                                                 p256, p384, p521
//	-- products.json --, -- developers.json --, -- developerapps.json --, -- maps.json --
//	                   before the first request: in place of the folder's file of
//	                   that name; the formats are those of Apigee's emulator
//	-- request --      what the client sends; begins an exchange
//	-- target --       one request that must arrive at the upstream
//	-- integration --  one integration call that must arrive: "execute PROJECT REGION NAME",
//	                   or schedule, a blank line, JSON
//	-- answer --       what target or integration answers; without it 200, no body
//	-- response --     what the client must get; without it anything
//	-- json --         members of the response's JSON body: "JSONPath = JSON literal" or
//	                   "JSONPath ~ java regex"; what is not named may be there too
//	-- vars --         the variables after the exchange: "name = JSON literal" or
//	                   "name ~ java regex", which must match the whole text
//	-- captured --     likewise what DataCapture and StatisticsCollector captured
//	-- log --          what MessageLogging wrote, one line for each message: "syslog HOST:PORT
//	                   TEXT", "file NAME TEXT" or "cloud LOGNAME SEVERITY TEXT"
//	-- clock --        "+10s" moves the clock before the next exchange
//
// Messages are HTTP wire text: first line, header lines, a blank line, the body.
// In what is sent, line ends become CRLF; Host (example.com) and the framing are
// added unless they are there or a line "!Host" or "!Content-Length" forbids it;
// a body under "Transfer-Encoding: chunked" is cut into chunks. The newline that
// ends a section is not part of the body.
//
// In what is expected, the header lines must be there, in this letter case; other
// lines may be there too, but none called Name where it says "!Name". The body is
// compared if there is a blank line before it. A line "..." stands for any lines,
// "..." inside a line for any text. A header with a line "..." is a pattern for
// the whole header: then the order of the lines counts, and what is not named
// must be covered by a "...".
//
// In place of a message an answer may be a directive. For a target: "refuse" (no
// connection), "tls-failure" (the target breaks the handshake), "reset" (of the connection), "garbage" (no HTTP), "hang" (no
// answer), and "delay 50ms" before the answer, which also moves the clock. For an
// integration: "timeout", "token-failure", "broken".
//
// The calls of an exchange must arrive in their order, each once, and no others,
// the last ones shortly after the response at the latest. A call that may overtake
// others, because nobody waits for it, is written "-- target async --".
package cases
