import { canonicalJson, type Json } from './canonical-json'

const parse = (text: string): Json => JSON.parse(text) as Json

describe('canonicalJson', () => {
  it('gives one text whatever the order of keys and the spaces were', () => {
    const one = parse('{"b": [1, {"d": null, "c": true}], "a": "x"}')
    const other = parse('{"a":"x","b":[1,{"c":true,"d":null}]}')
    expect(canonicalJson(one)).toBe('{"a":"x","b":[1,{"c":true,"d":null}]}')
    expect(canonicalJson(other)).toBe(canonicalJson(one))
  })

  it('keeps the order of arrays', () => {
    expect(canonicalJson([2, 1])).not.toBe(canonicalJson([1, 2]))
  })

  it('sorts keys by UTF-16 code units, as the example of RFC 8785 section 3.2.3', () => {
    const example = parse(
      '{"\\u20ac":"Euro Sign","\\r":"Carriage Return","\\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\\ud83d\\ude00":"Emoji: Grinning Face","\\u0080":"Control","\\u00f6":"Latin Small Letter O With Diaeresis"}',
    )
    const names = Object.values(parse(canonicalJson(example)) as Record<string, string>)
    expect(canonicalJson(example).indexOf('Carriage Return')).toBeLessThan(canonicalJson(example).indexOf('"One"'))
    expect(canonicalJson(example).indexOf('Emoji')).toBeLessThan(canonicalJson(example).indexOf('Hebrew'))
    expect(names).toHaveLength(7)
  })

  it('writes numbers and strings as the example of RFC 8785 section 3.2.2', () => {
    const example = parse(
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
    )
    expect(canonicalJson(example)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    )
  })

  it('takes keys named like parts of the language for what they are', () => {
    expect(canonicalJson(parse('{"__proto__":1,"constructor":2}'))).toBe('{"__proto__":1,"constructor":2}')
  })
})
