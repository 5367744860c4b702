import validatorFactory, { type BuildCompilerFromPool } from '@fastify/ajv-compiler'
import serializerFactory, { type SerializerFactory } from '@fastify/fast-json-stringify-compiler'

/**
 * Fastify's own compilers of JSON schemas, but each schema is compiled when it is first used. There are hundreds of them,
 * most of errors; a process uses a few dozen in its life, and starts on a third of the processor time.
 */
export const lazyCompilers = {
  buildSerializer(...options: Parameters<SerializerFactory>): ReturnType<SerializerFactory> {
    const compiler = once(() => serializerFactory()(...options))
    return (route) => {
      const compiled = once(() => compiler()(route))
      return (data) => compiled()(data)
    }
  },

  buildValidator(...options: Parameters<BuildCompilerFromPool>): ReturnType<BuildCompilerFromPool> {
    const compiler = once(() => validatorFactory()(...options))
    return (route) => {
      const compiled = once(() => compiler()(route))
      const validate = (data: unknown) => {
        const isValid = compiled()(data)
        validate.errors = compiled().errors
        return isValid
      }
      validate.errors = undefined as ReturnType<typeof compiled>['errors']
      return validate as ReturnType<typeof compiled>
    }
  },
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
