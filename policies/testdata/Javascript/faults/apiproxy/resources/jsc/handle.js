// A handler of errors as bundles have it.
var status = error.status.code;
error.content = JSON.stringify({
  name: context.getVariable("fault.name"),
  why: context.getVariable("javascript.errorMessage"),
  flow: context.flow,
  was: status,
  text: JSON.parse(error.content).fault.detail.errorcode,
  response: response
});
error.status.code = 503;
error.headers["X-Handled"] = "yes";
