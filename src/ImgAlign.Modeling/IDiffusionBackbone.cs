using ImgAlign.Backbones;
using TorchSharp;

namespace ImgAlign;

/// <summary>A text-to-image diffusion model, with or without an image prompt.</summary>
public interface IDiffusionBackbone : IModel
{
    /// <summary>Sizes and defaults.</summary>
    BackboneInfo Info { get; }

    /// <summary>The encoder of image prompts that its adapter was trained with; null: it has no image prompt, and so no
    /// alignment.</summary>
    IImagePromptEncoder? ImagePrompt { get; }

    /// <summary>Where there is no image prompt, why, and what to do: how a sentence goes on behind "but".</summary>
    string NoImagePrompt => $"{Name} was made without one; give it the files of its image prompt";

    /// <summary>The size nearest to one that was asked for that the model generates: the same one, if it does.</summary>
    /// <param name="size">A size in pixels.</param>
    ImageSize NearestSize(ImageSize size) => Info.NearestSize(size);

    /// <summary>Checks a prompt without computing anything, before a run begins. Most models draw any.</summary>
    /// <param name="prompt">A prompt, or what a picture must not show.</param>
    /// <exception cref="ArgumentException">The model cannot draw it; the message says what it can.</exception>
    void CheckPrompt(string prompt) { }

    /// <summary>What the text encoders do not read of a prompt, one entry an encoder; empty where they read all of it.</summary>
    /// <param name="prompt">A prompt, or what a picture must not show.</param>
    IReadOnlyList<UnreadText> FindUnread(string prompt) => [];

    /// <summary>Reads a prompt as the settings say, without computing anything, before a run begins. Most models take it as it is.</summary>
    /// <param name="prompt">A prompt, or what a picture must not show.</param>
    /// <param name="settings">The settings.</param>
    /// <exception cref="ArgumentException">The prompt cannot be read so.</exception>
    PromptReading ReadPrompt(string prompt, SamplingSettings settings) => new(prompt) { Unread = FindUnread(prompt) };

    /// <summary>Checks the settings of a run before it begins.</summary>
    /// <param name="settings">The settings.</param>
    /// <exception cref="ArgumentException">A setting is not one that this family has.</exception>
    void CheckSettings(SamplingSettings settings)
    {
        if (settings.Family is { } family)
            throw new InvalidRequestException(
                $"Family is {family.GetType().Name}, but {Name} has no settings of its own; leave it out.",
                nameof(settings.Family)
            );
    }

    /// <summary>Checks before a run whether a preset is for this model.</summary>
    /// <param name="preset">The preset.</param>
    /// <returns>What shows that it is; null: the model's files do not tell.</returns>
    /// <exception cref="ArgumentException">It is for another one.</exception>
    string? CheckPreset(SamplingPreset preset) =>
        throw new InvalidRequestException(
            $"The preset {preset.Name} is for {preset.Backbone}, but the model is {Name}, which has none; leave it out.",
            nameof(SamplingSettings.Preset)
        );

    /// <summary>The shape of one picture's latents, <c>[C, h, w]</c>.</summary>
    /// <param name="size">The size of the picture in pixels.</param>
    IReadOnlyList<long> LatentShape(ImageSize size);

    /// <summary>The sampler that its <c>scheduler_config.json</c> names; null: Euler.</summary>
    /// <exception cref="ArgumentException">It names one that is not supported; the message says which there are.</exception>
    ISampler? DefaultSampler => null;

    /// <summary>The noise levels of a generation.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="size">The size of the picture in pixels.</param>
    /// <exception cref="ArgumentException">The family has no such noise levels.</exception>
    NoiseSchedule CreateSchedule(SamplingSettings settings, ImageSize size);

    /// <summary>What the family makes of the guidance that was asked for.</summary>
    /// <param name="settings">The settings.</param>
    IGuidance CreateGuidance(SamplingSettings settings);

    /// <summary>Encodes prompts.</summary>
    /// <param name="prompts">B prompts; null stands for the family's unconditional prompt.</param>
    TextFeatures EncodeText(IReadOnlyList<string?> prompts);

    /// <summary>The same as the settings say, for models whose features are longer for longer prompts.</summary>
    /// <param name="prompts">B prompts; null stands for the family's unconditional prompt.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="tokens">The number of tokens that all of them get: the largest <see cref="PromptReading.Tokens"/> of those that are
    /// computed together.</param>
    TextFeatures EncodeText(IReadOnlyList<string?> prompts, SamplingSettings settings, int tokens) => EncodeText(prompts);

    /// <summary>Prepares what all steps share.</summary>
    /// <param name="text">The prompts' features, B of them.</param>
    /// <param name="imagePrompt">Image-prompt features <c>[B, n, d]</c>, or null for none.</param>
    /// <param name="imagePromptScale">The weight of the image prompt; 0 is the same as none.</param>
    /// <param name="size">The size of the picture in pixels.</param>
    /// <param name="settings">The settings.</param>
    Conditioning Condition(
        TextFeatures text,
        torch.Tensor? imagePrompt,
        double imagePromptScale,
        ImageSize size,
        SamplingSettings settings
    );

    /// <summary>What the network says of a sample; what it means, <see cref="NoiseSchedule.Prediction"/> says.</summary>
    /// <param name="x">The sample <c>[B, C, h, w]</c>, float32.</param>
    /// <param name="level">Its noise level.</param>
    /// <param name="conditioning">Made for the same batch and size.</param>
    /// <returns><c>[B, C, h, w]</c>, float32.</returns>
    torch.Tensor Predict(torch.Tensor x, NoiseLevel level, Conditioning conditioning);

    /// <summary>Whether it can start from a picture that is given (<see cref="SamplingSettings.Strength"/>).</summary>
    bool EncodesPictures => false;

    /// <summary>The latents of a picture, for a generation to start from.</summary>
    /// <param name="image">The picture, in the size that is generated.</param>
    /// <param name="noise">Unit normal, <c>[1, C, h, w]</c>: latents are drawn from the distribution that the picture has.</param>
    /// <param name="inTiles">Whether memory does not suffice for a whole picture, so that models that can work tile by tile do
    /// (<see cref="Workload.InTiles"/>).</param>
    /// <returns><c>[1, C, h, w]</c>, as the network takes them; disposed by the caller.</returns>
    /// <exception cref="NotSupportedException">It cannot.</exception>
    torch.Tensor EncodeLatents(RgbImage image, torch.Tensor noise, bool inTiles = false) =>
        throw new NotSupportedException($"{Name} does not encode pictures.");

    /// <summary>Turns final latents into pictures.</summary>
    /// <param name="x">The sample <c>[B, C, h, w]</c> at the final noise level.</param>
    /// <param name="inTiles">As for <see cref="EncodeLatents"/>.</param>
    /// <returns>B pictures.</returns>
    IReadOnlyList<RgbImage> Decode(torch.Tensor x, bool inTiles = false);

    /// <summary>What pictures look like while they are generated, at less cost where the model can.</summary>
    /// <param name="x">The data <c>[B, C, h, w]</c> that the network expects behind the noise.</param>
    /// <param name="inTiles">As for <see cref="EncodeLatents"/>.</param>
    /// <returns>B pictures.</returns>
    IReadOnlyList<RgbImage> Preview(torch.Tensor x, bool inTiles) => Decode(x, inTiles);
}
