/** Spaces of every kind of parameter, for the property tests. */
import { fc } from '@fast-check/vitest'
import { parseSpace, type Space } from '../../../src/search/space/space.ts'

const range = { low: fc.integer({ min: -50, max: 50 }), width: fc.integer({ min: 0, max: 60 }) }

const float = fc
  .record({ ...range, log: fc.boolean(), step: fc.constantFrom(undefined, 0.25, 1, 5) })
  .map(({ low, width, log, step }) => {
    const from = log ? Math.abs(low) + 0.001 : low
    const hasStep = step !== undefined && !log && step <= width
    return { type: 'float', low: from, high: from + width, log, ...(hasStep ? { step } : {}) }
  })

const integer = fc
  .record({ ...range, log: fc.boolean(), step: fc.integer({ min: 1, max: 7 }) })
  .map(({ low, width, log, step }) => {
    const from = log ? Math.abs(low) + 1 : low
    return { type: 'integer', low: from, high: from + width, log, ...(!log && step <= width ? { step } : {}) }
  })

const categorical = fc
  .uniqueArray(fc.oneof(fc.string(), fc.integer(), fc.boolean()), { minLength: 1, maxLength: 5 })
  .map((choices) => ({ choices }))

/** Up to five parameters, of which some hang on a choice, and some of those on another choice. */
export const arbitrarySpace: fc.Arbitrary<Space> = fc
  .record({
    first: fc.array(fc.oneof(float, integer, categorical), { minLength: 1, maxLength: 3 }),
    nested: fc.array(fc.oneof(float, integer, categorical), { maxLength: 2 }),
    direction: fc.constantFrom('minimise', 'maximise'),
  })
  .map(({ first, nested, direction }) =>
    parseSpace({
      direction,
      parameters: {
        ...Object.fromEntries(first.map((spec, index) => [`p${index}`, spec])),
        ...(nested.length > 0 && {
          branch: { choices: ['a', 'b', 'c'] },
          twig: { choices: [1, 2], when: { branch: ['a', 'b'] } },
          ...Object.fromEntries(nested.map((spec, index) => [`n${index}`, { ...spec, when: { twig: index + 1 } }])),
        }),
      },
    }),
  )
