var str = "75%-Completed";
var decoded_str = decodeURIComponent(str);
