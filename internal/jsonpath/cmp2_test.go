package jsonpath
import ("testing";"os";"encoding/json")
func TestCmp2(t *testing.T){ b,_:=os.ReadFile("/tmp/gold2.json"); var g [][3]string; json.Unmarshal(b,&g)
 for _,c:=range g { d:=c[1]; if d=="STORE" {d=store}; got:=evaluate(t,c[0],parse(t,d)); if got!=c[2] { t.Errorf("%s  on %s\n   got  %s\n   want %s",c[0],c[1],got,c[2]) } } 
 t.Log(len(g)) }
