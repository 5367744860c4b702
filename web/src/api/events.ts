interface ServerEvent {
  name: string
  data: string
}

/** The events of a stream as the server writes them (WHATWG HTML, 9.2.6), without the comments that keep it open. */
export async function* readEvents(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<ServerEvent> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const blocks = (rest + part.value).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const found = /^event: (.+)\ndata: (.*)$/.exec(block)
      if (found) yield { name: found[1] ?? '', data: found[2] ?? '' }
    }
  }
}
