/** A classifier with one hidden layer, trained by stochastic gradient descent. */

/** Activations with their derivatives as functions of the activation's value. */
const ACTIVATIONS = {
  tanh: { value: Math.tanh, slope: (y) => 1 - y * y },
  sigmoid: { value: (x) => 1 / (1 + Math.exp(-x)), slope: (y) => y * (1 - y) },
  relu: { value: (x) => Math.max(0, x), slope: (y) => (y > 0 ? 1 : 0) },
}

export class Network {
  #activation
  #hiddenWeights
  #outputWeights
  #hidden
  #probabilities

  /**
   * @param {{ inputs: number, width: number, classes: number, activation: string }} shape
   * @param {() => number} random uniform on [0, 1)
   */
  constructor({ inputs, width, classes, activation }, random) {
    this.#activation = ACTIVATIONS[activation]
    if (this.#activation === undefined)
      throw new Error(`no activation ${activation}: ${Object.keys(ACTIVATIONS).join(', ')}`)
    // The last weight of each row is its bias. Initial range: Glorot and Bengio, AISTATS 2010,
    // equation 16.
    const makeLayer = (rows, columns) => {
      const limit = Math.sqrt(6 / (rows + columns))
      return Array.from({ length: rows }, () =>
        Float64Array.from({ length: columns + 1 }, (_, column) => (column < columns ? limit * (2 * random() - 1) : 0)),
      )
    }
    this.#hiddenWeights = makeLayer(width, inputs)
    this.#outputWeights = makeLayer(classes, width)
    this.#hidden = new Float64Array(width)
    this.#probabilities = new Float64Array(classes)
  }

  /**
   * The probability of each class (softmax). The array is the network's own and lasts until the
   * next call.
   */
  predict(input) {
    const hidden = this.#hidden
    for (let unit = 0; unit < hidden.length; unit++)
      hidden[unit] = this.#activation.value(weigh(this.#hiddenWeights[unit], input))
    const scores = this.#probabilities
    for (let label = 0; label < scores.length; label++) scores[label] = weigh(this.#outputWeights[label], hidden)
    const highest = Math.max(...scores)
    let sum = 0
    for (let label = 0; label < scores.length; label++) sum += scores[label] = Math.exp(scores[label] - highest)
    for (let label = 0; label < scores.length; label++) scores[label] /= sum
    return scores
  }

  /** One step down the gradient of the cross-entropy of one example. */
  learn(input, label, rate) {
    const errors = this.predict(input)
    errors[label] -= 1
    const hidden = this.#hidden
    for (let unit = 0; unit < hidden.length; unit++) {
      let error = 0
      for (let label = 0; label < errors.length; label++) error += errors[label] * this.#outputWeights[label][unit]
      descend(this.#hiddenWeights[unit], input, rate * error * this.#activation.slope(hidden[unit]))
    }
    for (let label = 0; label < errors.length; label++)
      descend(this.#outputWeights[label], hidden, rate * errors[label])
  }
}

function weigh(weights, values) {
  let sum = weights[values.length]
  for (let index = 0; index < values.length; index++) sum += weights[index] * values[index]
  return sum
}

function descend(weights, values, step) {
  for (let index = 0; index < values.length; index++) weights[index] -= step * values[index]
  weights[values.length] -= step
}
