context.setVariable("fault.name", "MyFault");
