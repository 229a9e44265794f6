/**
 * Trains a small network on Fisher's irises at one point of the space and writes its
 * cross-validated loss.
 *
 *     node eval_point.mjs task1.dat
 *         reads {"x": {rate, width, activation}, "params": {epochs, folds, seed}}
 *         writes result.dat: {"loss": …, "accuracy": …, "seconds": …}
 */
import fs from 'node:fs'
import { Network } from './network.mjs'

const [taskFile] = process.argv.slice(2)
if (taskFile === undefined) throw new Error('usage: eval_point.mjs TASK.dat')
const { x, params } = JSON.parse(fs.readFileSync(taskFile, 'utf8'))

// If the launcher dies before it records the end, the job runs again, but the work is not repeated.
if (!fs.existsSync('result.dat')) {
  const started = performance.now()
  const { loss, accuracy } = crossValidate(readIrises(), x, params)
  if (!Number.isFinite(loss)) throw new Error(`the training diverged: loss ${loss} at ${JSON.stringify(x)}`)
  const seconds = Math.round(performance.now() - started) / 1000
  // Renamed into place, so that no reader sees a partial file.
  fs.writeFileSync('result.dat.new', `${JSON.stringify({ loss, accuracy, seconds })}\n`)
  fs.renameSync('result.dat.new', 'result.dat')
}
process.stdout.write(fs.readFileSync('result.dat'))

/** Mean cross-entropy (nats) and accuracy on unseen examples, over all folds. */
function crossValidate(examples, { rate, width, activation }, { epochs, folds, seed }) {
  const random = makeRandom(seed)
  const shuffled = shuffle(examples, random)
  let loss = 0
  let right = 0
  for (let fold = 0; fold < folds; fold++) {
    const training = shuffled.filter((_, index) => index % folds !== fold)
    const unseen = shuffled.filter((_, index) => index % folds === fold)
    const standardise = fitScale(training)
    const network = new Network({ inputs: 4, width, classes: 3, activation }, random)
    const lessons = training.map(({ input, label }) => ({ input: standardise(input), label }))
    for (let epoch = 0; epoch < epochs; epoch++)
      for (const { input, label } of shuffle(lessons, random)) network.learn(input, label, rate)
    for (const { input, label } of unseen) {
      const probabilities = network.predict(standardise(input))
      // Limits the loss of a confident wrong answer.
      loss -= Math.log(Math.max(probabilities[label], 1e-12))
      if (probabilities[label] === Math.max(...probabilities)) right++
    }
  }
  return { loss: loss / examples.length, accuracy: right / examples.length }
}

function readIrises() {
  const text = fs.readFileSync(new URL('iris.csv', import.meta.url), 'utf8')
  const rows = text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))
  const species = [...new Set(rows.map((row) => row[4]))]
  return rows.map((row) => ({ input: row.slice(0, 4).map(Number), label: species.indexOf(row[4]) }))
}

/** Scales each column to mean 0 and deviation 1, measured on the training examples. */
function fitScale(examples) {
  const columns = examples[0].input.map((_, column) => examples.map(({ input }) => input[column]))
  const scales = columns.map((values) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    return { mean, deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) }
  })
  return (input) => input.map((value, column) => (value - scales[column].mean) / scales[column].deviation)
}

/** Fisher and Yates. */
function shuffle(items, random) {
  const shuffled = [...items]
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const item = shuffled[last]
    shuffled[last] = shuffled[other]
    shuffled[other] = item
  }
  return shuffled
}

/** A reproducible generator: xorshift32, Marsaglia, J. Stat. Softw. 8(14), 2003. */
function makeRandom(seed) {
  let state = Math.imul(seed, 2654435761) | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
