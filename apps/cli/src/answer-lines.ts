import { type CommandIo, exitCodes } from './command.ts';

/**
 * Answers a stream of questions: one JSON object per input line, one JSON answer per output line, in order.
 *
 * A line that cannot be answered gets `{"error":…,"line":…}` and the rest goes on. Blank lines are skipped. The answers to all
 * lines that arrive together are written together: whoever waits for each answer gets it at once, and a file costs few writes.
 *
 * @param answer may throw; the message becomes the error
 * @returns ok, or badInput when any line was refused
 */
export async function answerLines(
  io: CommandIo,
  answer: (question: Record<string, unknown>) => Promise<object> | object,
): Promise<number> {
  let line = 0;
  let refused = 0;
  const reply = async (text: string): Promise<string> => {
    line++;
    if (text.trim() === '') return '';
    try {
      const answered = answer(parseObject(text));
      // Awaiting a plain object would cost a turn of the event loop for each line.
      return `${JSON.stringify(answered instanceof Promise ? await answered : answered)}\n`;
    } catch (error) {
      refused++;
      return `${JSON.stringify({ error: error instanceof Error ? error.message : String(error), line })}\n`;
    }
  };
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of io.stdin) {
    if (io.signal.aborted) return exitCodes.interrupted;
    const lines = (rest + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))).split('\n');
    rest = lines.pop() ?? '';
    let answers = '';
    for (const text of lines) answers += await reply(text);
    if (answers !== '') io.stdout.write(answers);
  }
  const last = await reply(rest + decoder.decode());
  if (last !== '') io.stdout.write(last);
  return refused > 0 ? exitCodes.badInput : exitCodes.ok;
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('expected a JSON object, such as {"arrival_rate": 8, "service_time_s": 1, "servers": 10}');
  }
  return value as Record<string, unknown>;
}
