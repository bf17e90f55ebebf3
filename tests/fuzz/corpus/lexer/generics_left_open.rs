// SPDX-License-Identifi s);
        (Parser);
        (Parser::new(a), Parser::new(b))
    }
}
pub fn rest<'ape N29<'a>;
type N   (Parser);
        (Parser::new(a), Parser::new(b))
    }
}
pub fn rest<'ape N29<'a>;
type N30<'a, 'b> = N29<'a, 'b>;
type N31<'a, 'b> = N31<'a, 'b>;
type N32<'a, 'b> = N31<'a, 'b>;
type N33<'a, 'b> = N32<'a, 'b>;
type N34<'a, 'b> = N33<'a, 'b>;
type N35<'a, 'b> = N34<'a, 'b>;
type N36<'a, 'b> = N3, 'b>(parser: &'a30<'a, 'b> = N29<'a, 'b>;
type N31<'a, 'b> = N31<'a, 'b>;
type N32<'a, 'b> = N31<'a, 'b>;
type N33<'a, 'b> = N32<'a, 'b>;
type N34<'a,:new(b))
    }
}
pub fn rest<'ape N29<'a>;
type N   (Parser);
        (Parser::new(a), Parser::new(b))
    }
}
pub fn rest<'ape N29<'a>;
type N30<'a, 'b> = N29<'a, 'b>;
type N31<'a, 'b> = N31<'a, 'b>;
type N32<'a, 'b> = N31<'a, 'b>;
type N33<'a, 'b> = N32<'a, 'b>;
type N34<'a, 'b> = N33<'a, 'b>;
type N35<'a, 'b> = N34<'a, 'b>;
type N36<'a, 'b> = N3, 'b>(parser: &'a30<'a, 'b> = N29<'a, 'b>;
type N31<'a, 'b> = N31<'a, 'b>;
type N32<'a, 'b> = N31<'a, 'b>;
type N33<'a, 'b> = N32<'a, 'b>;
type N34<'a, 'b> = N33<'a, 'b>;
type N35<'a, 'b> = N34<'a, 'b>;
type N36<'a, 'b> = N3, 'b>(parser: &'a Parser<'b>) -> &'a [u8] {
    parser.data}pub fn ;
}(value: &u8) -> &'static u8 {omData), valu
e) }
 'b> = N33<'a, 'b>;
type N35<'a, 'b> = N34<'a, 'b>;
type N36<'a, 'b> = N3, 'b>(parser: &'a Parser<'b>) -> &'a [u8] {
    parser.data}pub fn ;
}(value: &u8) -> &'static u8 {omData), valu
e) }
