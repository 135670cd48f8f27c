//! Sound as it is spoken: where it comes from, and the queue between a device that must not wait and a reader that may.

use super::decode::Decoder;
use super::resample::To16k;
use super::{AudioError, OpenOptions, SAMPLE_RATE};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

/// Samples of a block from a file: 0.1 s.
const BLOCK: usize = SAMPLE_RATE / 10;

/// How long a reader waits for a device that gives nothing before it says so.
const PATIENCE: Duration = Duration::from_millis(200);

/// 16 kHz mono samples.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Block {
    /// In -1 to 1.
    pub samples: Vec<f32>,
    /// How many of them, at the beginning, are silence in the place of sound that was lost.
    pub missed: usize,
}

/// Gives sound block by block.
pub trait Source: Send {
    /// The next block, `None` at the end. Waits at most a moment; a block may be empty.
    fn next(&mut self) -> Result<Option<Block>, AudioError>;
}

/// A recording in blocks of 0.1 s.
pub struct Recording {
    decoder: Decoder,
    samples: Vec<f32>,
}

impl Recording {
    /// Opens it.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, AudioError> {
        Ok(Self {
            decoder: Decoder::open_with(path, options)?,
            samples: Vec::new(),
        })
    }
}

impl Source for Recording {
    fn next(&mut self) -> Result<Option<Block>, AudioError> {
        while self.samples.len() < BLOCK {
            match self.decoder.next_block()? {
                Some(block) => self.samples.extend_from_slice(&block),
                None => break,
            }
        }
        let count = self.samples.len().min(BLOCK);
        Ok((count > 0).then(|| Block {
            samples: self.samples.drain(..count).collect(),
            missed: 0,
        }))
    }
}

/// What a device gave in one go, at its own rate.
struct Burst {
    missed: u64,
    samples: Vec<f32>,
}

/// A queue for `bursts` bursts of mono samples at `rate` samples per second.
pub fn queue(rate: usize, bursts: usize) -> Result<(Feed, Queue), String> {
    let (sender, receiver) = sync_channel(bursts);
    Ok((
        Feed { sender, missed: 0 },
        Queue {
            receiver,
            resampler: Some(To16k::new(rate)?),
            rate,
        },
    ))
}

/// The device's end. Never waits: what finds no room is counted, and silence of its length takes its place.
pub struct Feed {
    sender: SyncSender<Burst>,
    missed: u64,
}

impl Feed {
    /// Hands over mono samples. `false` when nobody listens any more.
    pub fn offer(&mut self, samples: Vec<f32>) -> bool {
        let count = samples.len() as u64;
        let missed = self.missed;
        match self.sender.try_send(Burst { missed, samples }) {
            Ok(()) => self.missed = 0,
            Err(TrySendError::Full(_)) => self.missed += count,
            Err(TrySendError::Disconnected(_)) => return false,
        }
        true
    }
}

/// The reader's end; it ends when the feed is dropped.
pub struct Queue {
    receiver: Receiver<Burst>,
    resampler: Option<To16k>,
    rate: usize,
}

impl Source for Queue {
    fn next(&mut self) -> Result<Option<Block>, AudioError> {
        let Some(resampler) = &mut self.resampler else {
            return Ok(None);
        };
        let mut block = Block::default();
        let done = match self.receiver.recv_timeout(PATIENCE) {
            Ok(burst) => {
                let silence = vec![0.0; burst.missed as usize];
                block.missed = burst.missed as usize * SAMPLE_RATE / self.rate;
                resampler
                    .push(&silence, &mut block.samples)
                    .and_then(|()| resampler.push(&burst.samples, &mut block.samples))
            }
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Err(RecvTimeoutError::Disconnected) => {
                let done = resampler.finish(&mut block.samples);
                self.resampler = None;
                done
            }
        };
        done.map_err(|e| AudioError::Device(format!("its sound cannot be resampled: {e}")))?;
        block.missed = block.missed.min(block.samples.len());
        Ok(Some(block))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut queue: Queue) -> (usize, usize) {
        let (mut samples, mut missed) = (0, 0);
        while let Some(block) = queue.next().unwrap() {
            samples += block.samples.len();
            missed += block.missed;
        }
        (samples, missed)
    }

    #[test]
    fn what_finds_no_room_leaves_silence_of_its_length() {
        let (mut feed, mut queue) = queue(16_000, 2).unwrap();
        assert!(feed.offer(vec![0.1; 100]));
        assert!(feed.offer(vec![0.2; 100]));
        assert!(feed.offer(vec![0.3; 100]));
        assert!(feed.offer(vec![0.4; 50]));
        assert_eq!(queue.next().unwrap().unwrap().samples, [0.1; 100]);
        assert!(feed.offer(vec![0.5; 100]));
        drop(feed);
        assert_eq!(queue.next().unwrap().unwrap().samples, [0.2; 100]);
        let block = queue.next().unwrap().unwrap();
        assert_eq!(block.missed, 150);
        assert_eq!(block.samples[..150], [0.0; 150]);
        assert_eq!(block.samples[150..], [0.5; 100]);
    }

    #[test]
    fn sound_of_any_rate_keeps_its_length() {
        for rate in [8_000, 16_000, 44_100, 48_000] {
            let (mut feed, queue) = queue(rate, 100).unwrap();
            for _ in 0..20 {
                assert!(feed.offer(vec![0.1; rate / 20]));
            }
            drop(feed);
            let (samples, missed) = all(queue);
            assert!(samples.abs_diff(16_000) <= 1, "{rate}: {samples}");
            assert_eq!(missed, 0);
        }
    }

    #[test]
    fn a_device_learns_that_nobody_listens() {
        let (mut feed, queue) = queue(16_000, 2).unwrap();
        drop(queue);
        assert!(!feed.offer(vec![0.0; 10]));
    }
}
