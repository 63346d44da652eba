using ImgAlign.Backbones;
using ImgAlign.Detectors;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Llava;
using ImgAlign.Networks.Sdxl;
using ImgAlign.Networks.Vae;
using ImgAlign.Runtime;
using ImgAlign.Sampling;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.ShapeWorld.Scenes;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Tokenizers;

namespace ImgAlign.Tests.ShapeWorld;

/// <summary>The world's folder is read by the library's own readers of published layouts.</summary>
public sealed class WorldFolderTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();
    private readonly WorldFolder folder;

    public WorldFolderTests()
    {
        folder = new WorldFolder(temporary.Path);
        folder.WriteConfigurations();
    }

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void Each_word_of_a_caption_is_one_token_of_clip()
    {
        var tokenizer = ClipTokenizer.Load(folder.Tokenizer);
        for (var i = 0; i < 200; i++)
        {
            var random = new SceneRandom(5, i);
            var caption = Captions.Write(Scene.Draw(random), random);
            var ids = tokenizer.Encode(caption, ClipTokenizerFiles.MaxLength, out var length);

            Assert.Equal(caption.Split(' ').Length + 2, length);
            Assert.Equal(ClipTokenizerFiles.EndId, ids[length - 1]);
            Assert.Equal(ids[length - 1], ids[^1]);
        }
        Assert.NotEmpty(tokenizer.Encode("Ünknown wörds, 7 of them"));
    }

    [Fact]
    public void Each_word_of_questions_and_instructions_is_one_token_of_llama()
    {
        var tokenizer = LlamaTokenizer.Load(folder.Detector);
        foreach (var template in Questions.Templates)
        {
            var question = Questions.Ask(template, Captions.Examples[1]);
            var ids = tokenizer.Encode(question, addBos: false);

            Assert.Equal(
                question.Split([' ', .. ".,:?'"], StringSplitOptions.RemoveEmptyEntries).Length + question.Count(".,:?'".Contains),
                ids.Count
            );
            Assert.Equal(question, tokenizer.Decode(ids));
        }
        Assert.Equal("wörds of öthers 7", tokenizer.Decode(tokenizer.Encode("wörds of öthers 7")));
        Assert.Equal(tokenizer.VocabularySize, LlamaTokenizerFiles.ImageId);
    }

    [Fact]
    public void Configurations_are_read_back_as_they_were_written()
    {
        Assert.Equivalent(WorldNetworks.Autoencoder, AutoencoderKlConfig.Read(Path.Combine(folder.Autoencoder, "config.json")));
        Assert.Equivalent(WorldNetworks.UNet, SdxlUNetConfig.Read(Path.Combine(folder.UNet, "config.json")));
        Assert.Equivalent(WorldNetworks.TextEncoder, ClipTextConfig.Read(Path.Combine(folder.TextEncoder, "config.json")));
        Assert.Equivalent(WorldNetworks.TextEncoder2, ClipTextConfig.Read(Path.Combine(folder.TextEncoder2, "config.json")));
        Assert.Equivalent(WorldNetworks.ImageEncoder, ClipVisionConfig.Read(Path.Combine(folder.ImageEncoder, "config.json")));
        Assert.Equivalent(
            WorldNetworks.Scheduler,
            SchedulerConfig.Read(Path.Combine(folder.TextEncoder, "../scheduler/scheduler_config.json"))
        );
        var detector = LlavaConfig.Read(folder.Detector);
        Assert.Equivalent(WorldNetworks.LanguageModel, detector.Text);
        Assert.Equal(LlamaTokenizerFiles.EndId, Assert.Single(detector.StopTokens));
        Assert.Equal(WorldNetworks.CrossWidth, WorldNetworks.TextEncoder.HiddenSize + WorldNetworks.TextEncoder2.HiddenSize);
        Assert.True(ClipTextConfig.Read(Path.Combine(folder.Scorer, "config.json")).HasProjection);
    }

    [Fact]
    public void The_backbone_and_the_detector_open_the_folder()
    {
        RandomWorld.Write(temporary.Path);
        using var runtime = new DeviceRuntime(new RuntimeOptions { Threads = 1 });
        using var backbone = new WorldBackbone(runtime, folder);
        using var detector = new LlavaDetector(runtime, folder.DetectorOptions());

        Assert.Equal(new ImageSize(SceneRenderer.Size, SceneRenderer.Size), backbone.Info.DefaultSize);
        Assert.Equal(WorldNetworks.LanguageModel.HiddenSize, detector.HiddenSize);
        detector.CheckQuestion(Questions.Ask(Questions.Templates.MaxBy(static template => template.Length)!, Captions.Examples[1]));
    }
}
