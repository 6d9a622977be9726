import Type, { type Static } from 'typebox';

/** Longest message that a NATS server takes as it comes, replies too. Everything is made to fit. */
export const messageBytesMax = 1_048_576;

/** Items of one page at most. */
export const pageLimitMax = 1_000;

const Limit = Type.Integer({
  minimum: 1,
  maximum: pageLimitMax,
  description: 'Items wanted at most; a page may hold fewer, because pages are also cut by size',
});

const Cursor = Type.String({
  minLength: 1,
  maxLength: 1024,
  pattern: '^[A-Za-z0-9_-]+$',
  description: 'The next_cursor of the page before; without it the list begins',
});

/** An item that is too large for any answer. */
export const LeftOut = Type.Object({ id: Type.String(), bytes: Type.Integer({ minimum: 0 }) });
export type LeftOut = Static<typeof LeftOut>;

/** What the question for a list may hold. */
export const pageRequestFields = { limit: Type.Optional(Limit), cursor: Type.Optional(Cursor) };

/** What the answer with a page of a list may hold. */
export const pageReplyFields = {
  next_cursor: Type.Optional(
    Type.String({ description: 'There is more: send it as cursor. Without it this is the last page' }),
  ),
  left_out: Type.Optional(
    Type.Array(LeftOut, { description: 'Items of this stretch of the list that are too large for any answer' }),
  ),
};
