//! Tests of the engine as a whole: Microsoft's verdicts on a corpus, and batches run on a small world.

mod corpus;
mod sessions;
mod walk;
