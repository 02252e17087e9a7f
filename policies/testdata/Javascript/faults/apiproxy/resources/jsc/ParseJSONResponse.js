var data = context.getVariable("request.content");

for (var i = 0; i < data.cars.length; i++) {
}
