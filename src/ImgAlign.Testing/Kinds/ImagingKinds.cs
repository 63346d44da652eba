using ImgAlign.Imaging;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Image files, Pillow's resize and LLaVA's preprocessing, of golden family <c>mllm</c>.</summary>
internal static class ImagingKinds
{
    public static void Add(GoldenRunner runner) =>
        runner
            .Add("image-decode", (golden, _) => One("image", ToTensor(Image(golden))))
            .Add("resize", Resize)
            .Add("llava-image", LlavaImage)
            .Add("llava-image-uint8", LlavaImageUint8);

    /// <summary>An image as <c>[H, W, 3]</c>, uint8.</summary>
    public static torch.Tensor ToTensor(RgbImage image) => torch.tensor(image.Pixels.ToArray(), [image.Height, image.Width, 3]);

    /// <summary>A tensor <c>[H, W, 3]</c>, uint8, as an image.</summary>
    public static RgbImage ToImage(torch.Tensor tensor) => new((int)tensor.shape[1], (int)tensor.shape[0], tensor.data<byte>().ToArray());

    private static RgbImage Image(GoldenCase golden) => ImageFile.Load(golden.PathOption("image")!);

    private static Dictionary<string, torch.Tensor> One(string name, torch.Tensor tensor) => new() { [name] = tensor };

    private static Dictionary<string, torch.Tensor> Resize(GoldenCase golden, torch.Device device)
    {
        var image = Image(golden);
        return golden
            .Options.GetProperty("outputs")
            .EnumerateArray()
            .ToDictionary(
                output => output.GetProperty("name").GetString()!,
                output =>
                {
                    var (width, height) = (output.GetProperty("width").GetInt32(), output.GetProperty("height").GetInt32());
                    var filter = Enum.Parse<ResampleFilter>(output.GetProperty("resample").GetString()!, ignoreCase: true);
                    return ToTensor(PillowResize.Resize(image, width, height, filter));
                }
            );
    }

    private static Dictionary<string, torch.Tensor> LlavaImage(GoldenCase golden, torch.Device device)
    {
        var processor = ClipImageProcessor.Load(golden.CheckpointPath!);
        return One("pixel_values", processor.Preprocess(Padded(golden, processor)));
    }

    private static Dictionary<string, torch.Tensor> LlavaImageUint8(GoldenCase golden, torch.Device device)
    {
        var processor = ClipImageProcessor.ForSize(golden.Options.GetProperty("size").GetInt32());
        return One("image", ToTensor(processor.Fit(Padded(golden, processor))));
    }

    private static RgbImage Padded(GoldenCase golden, ClipImageProcessor processor) =>
        golden.Options.GetProperty("image_aspect_ratio").GetString() switch
        {
            "pad" => processor.PadToSquare(Image(golden)),
            "crop" => Image(golden),
            var other => throw new ImgAlignException($"{golden.Folder}: image_aspect_ratio '{other}' is not known here; pad and crop are."),
        };
}
