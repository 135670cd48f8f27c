//! Sound from a microphone, through the system's own interface (ALSA, WASAPI, CoreAudio).

use super::AudioError;
use super::capture::{Block, Feed, Queue, Source, queue};
use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{FromSample, Sample, SampleFormat, SizedSample, StreamConfig};
use std::sync::{Arc, Mutex, PoisonError};

/// Bursts of a device that may wait, about 10 ms each: time for a slow disk.
const WAITING: usize = 1_000;

/// A device that can record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// How the system calls it; what [`Microphone::open`] takes.
    pub id: String,
    /// How a person calls it.
    pub name: String,
    /// Whether it is used where none is named.
    pub is_default: bool,
}

/// The devices that can record.
pub fn devices() -> Result<Vec<Device>, AudioError> {
    let host = cpal::default_host();
    let default = host.default_input_device().and_then(|d| d.id().ok());
    let devices = host.input_devices().map_err(device_error)?;
    Ok(devices
        .filter_map(|device| {
            let id = device.id().ok()?;
            let name = device.description().ok()?.name().to_owned();
            Some(Device {
                is_default: default.as_ref() == Some(&id),
                id: id.to_string(),
                name,
            })
        })
        .collect())
}

/// A microphone that records until it is dropped.
pub struct Microphone {
    stream: cpal::Stream,
}

/// What a microphone records, to be read in another thread.
pub struct Recorded {
    queue: Queue,
    failure: Arc<Mutex<Option<String>>>,
}

impl Microphone {
    /// Begins to record from the device of this identifier or name, or from the default one; channels are mixed.
    pub fn open(wanted: Option<&str>) -> Result<(Self, Recorded), AudioError> {
        let host = cpal::default_host();
        let device = match wanted {
            None => host.default_input_device().ok_or_else(|| {
                AudioError::Device("none is connected; --list-devices shows what there is".into())
            })?,
            Some(wanted) => host
                .input_devices()
                .map_err(device_error)?
                .find(|d| {
                    d.id().is_ok_and(|id| id.to_string() == wanted)
                        || d.description().is_ok_and(|d| d.name() == wanted)
                })
                .ok_or_else(|| {
                    AudioError::Device(format!(
                        "there is none called {wanted:?}; --list-devices shows what there is"
                    ))
                })?,
        };
        let supported = device.default_input_config().map_err(device_error)?;
        let format = supported.sample_format();
        let config = StreamConfig::from(supported);
        let (feed, queue) = queue(config.sample_rate as usize, WAITING)
            .map_err(|e| AudioError::Device(format!("its sound cannot be resampled: {e}")))?;
        let failure = Arc::new(Mutex::new(None));
        let stream = match format {
            SampleFormat::I8 => listen::<i8>(&device, config, feed, failure.clone()),
            SampleFormat::I16 => listen::<i16>(&device, config, feed, failure.clone()),
            SampleFormat::I32 => listen::<i32>(&device, config, feed, failure.clone()),
            SampleFormat::U8 => listen::<u8>(&device, config, feed, failure.clone()),
            SampleFormat::U16 => listen::<u16>(&device, config, feed, failure.clone()),
            SampleFormat::F32 => listen::<f32>(&device, config, feed, failure.clone()),
            SampleFormat::F64 => listen::<f64>(&device, config, feed, failure.clone()),
            other => {
                return Err(AudioError::Device(format!(
                    "it records in a form ({other}) that is not known here"
                )));
            }
        }?;
        stream.play().map_err(device_error)?;
        Ok((Self { stream }, Recorded { queue, failure }))
    }

    /// Stops recording; what was recorded can still be read.
    pub fn stop(self) {
        drop(self.stream);
    }
}

fn listen<T>(
    device: &cpal::Device,
    config: StreamConfig,
    mut feed: Feed,
    failure: Arc<Mutex<Option<String>>>,
) -> Result<cpal::Stream, AudioError>
where
    T: SizedSample,
    f32: FromSample<T>,
{
    let channels = usize::from(config.channels).max(1);
    device
        .build_input_stream(
            config,
            move |data: &[T], _: &cpal::InputCallbackInfo| {
                let mono = data
                    .chunks_exact(channels)
                    .map(|frame| {
                        let sum: f32 = frame.iter().map(|s| f32::from_sample(*s)).sum();
                        sum / channels as f32
                    })
                    .collect();
                // Where nobody listens any more, the stream is about to be dropped.
                let _ = feed.offer(mono);
            },
            move |error: cpal::Error| {
                // An overrun of the device's own buffer does not end the stream; all else is worth knowing.
                let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
                failure.get_or_insert(error.to_string());
            },
            None,
        )
        .map_err(device_error)
}

impl Source for Recorded {
    fn next(&mut self) -> Result<Option<Block>, AudioError> {
        let block = self.queue.next()?;
        let silent = block.as_ref().is_some_and(|b| b.samples.is_empty());
        if silent
            && let Some(failure) = self
                .failure
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take()
        {
            return Err(AudioError::Device(failure));
        }
        Ok(block)
    }
}

fn device_error(e: cpal::Error) -> AudioError {
    AudioError::Device(e.to_string())
}
