// What variables are in a script, and what values become.
context.setVariable("flow.text", "abc");
context.setVariable("flow.whole", 42);
context.setVariable("flow.long", 1767323045006);
context.setVariable("flow.fraction", 0.5);
context.setVariable("flow.yes", true);
context.setVariable("flow.object", {a: [1, "b"], c: null});
context.setVariable("flow.list", ["x", "y"]);
context.setVariable("flow.date", new Date(Date.UTC(2026, 0, 2)).toISOString());
context.setVariable("flow.gone", 1);
context.removeVariable("flow.gone");
context.setVariable("flow.empty", "");
context.setVariable("flow.nothing", null);
context.setVariable("flow.header", request.headers["X-One"]);
context.setVariable("client.ip", "read-only: nothing happens");

var names = context.getVariable("request.headers.names") + "";
context.setVariable("result", JSON.stringify({
  missing: context.getVariable("no.such"),
  whole: context.getVariable("flow.whole") + 1,
  fraction: context.getVariable("flow.fraction") + 1,
  yes: context.getVariable("flow.yes") === true,
  object: context.getVariable("flow.object").a[1],
  names: names.slice(1, -1).split(", ").indexOf("X-One") >= 0,
  array: context.getVariable("request.header.X-Many.values").toArray().length,
  count: context.getVariable("request.queryparams.count"),
  year: context.getVariable("system.time.year"),
  now: new Date().getFullYear(),
  flow: context.flow
}));
