// Notes which messages of context there are in each flow.
var seen = [];
["proxyRequest", "targetRequest", "proxyResponse", "targetResponse"].forEach(function (name) {
  if (context[name] !== null) seen.push(name);
});
context.setVariable("scope." + context.flow + (context.getVariable("is.error") ? ".error" : ""), seen.join(" ") + "; " + (response !== null));
