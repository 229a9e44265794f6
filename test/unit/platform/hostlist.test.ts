import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'

import { compareHostNames, expandHostList, foldHostList } from '../../../src/platform/hostlist.ts'

describe('expandHostList', () => {
  test.each([
    ['', []],
    ['node01', ['node01']],
    ['node[01-03,7],login', ['node01', 'node02', 'node03', 'node7', 'login']],
    ['node[8-11]', ['node8', 'node9', 'node10', 'node11']],
    ['node[08-11]', ['node08', 'node09', 'node10', 'node11']],
    ['rack[1-2]n[01-02]', ['rack1n01', 'rack1n02', 'rack2n01', 'rack2n02']],
    ['nid[000012-000014]', ['nid000012', 'nid000013', 'nid000014']],
    ['a[1-2]-ib.example.org,b', ['a1-ib.example.org', 'a2-ib.example.org', 'b']],
    ['[1001-1003,1030]', ['1001', '1002', '1003', '1030']],
  ])('%s', (text, names) => {
    expect(expandHostList(text)).toEqual(names)
  })

  test.each([
    ['node[1-3', "a '[' is not closed"],
    ['node1-3]', "unexpected ']' at character 8"],
    ['node[1-[2-3]]', "unexpected '['"],
    ['node[3-1]', "the range '3-1' runs backwards"],
    ['node[1-x]', "'1-x' is not a number or a range"],
    ['node[]', "'' is not a number"],
    ['a,,b', 'a name is missing at character 3'],
    ['a,', 'a name is missing'],
    ['node 1', "'node 1' contains a blank"],
    ['n[1-9999999]', "the range '1-9999999' is too long"],
    ['n[1-2000]x[1-2000]', 'more than 1000000 names'],
  ])('refuses %s', (text, reason) => {
    expect(() => expandHostList(text)).toThrow(expect.objectContaining({ code: 'bad-host-list', kind: 'request' }))
    expect(() => expandHostList(text)).toThrow(reason)
  })
})

describe('foldHostList', () => {
  test.each([
    [[], ''],
    [['node7'], 'node7'],
    [['node9', 'node10', 'node8', 'node8'], 'node[8-10]'],
    [['n9', 'n09', 'n10'], 'n[9,09-10]'],
    [['n01', 'n03', 'n02'], 'n[01-03]'],
    [['r1n1', 'r1n2', 'r2n1'], 'r1n[1-2],r2n1'],
    [['login', 'a1-ib', 'a2-ib', 'a1'], 'a1,a[1-2]-ib,login'],
  ])('%j', (names, text) => {
    expect(foldHostList(names)).toBe(text)
  })

  test('refuses a name that it could not give back', () => {
    expect(() => foldHostList(['a,b'])).toThrow('a host name cannot contain a comma')
  })

  const stem = fc.constantFrom('n', 'node', 'rack1-n', '')
  const digits = fc.stringMatching(/^[0-9]{1,4}$/)
  const suffix = fc.constantFrom('', '-ib', '.local')
  const name = fc.oneof(
    fc.tuple(stem, digits, suffix).map((parts) => parts.join('')),
    fc.stringMatching(/^[a-z][a-z0-9.-]{0,8}$/),
  )

  test.prop([fc.array(name, { maxLength: 60 })])('expanding what it folds gives the names sorted and once', (names) => {
    expect(expandHostList(foldHostList(names))).toEqual([...new Set(names)].sort(compareHostNames))
  })

  test.prop([name, name, name])('the order is an order', (a, b, c) => {
    expect(Math.sign(compareHostNames(a, b))).toBe(-Math.sign(compareHostNames(b, a)) + 0)
    expect(compareHostNames(a, b) === 0).toBe(a === b)
    if (compareHostNames(a, b) <= 0 && compareHostNames(b, c) <= 0)
      expect(compareHostNames(a, c)).toBeLessThanOrEqual(0)
  })
})
