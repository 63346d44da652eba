using System.CommandLine;

namespace ImgAlign.Cli.Jobs;

/// <summary>
/// What pictures carry of their making: the parameters as most programs read them, the whole record, from which <c>--from</c> makes the
/// picture again, and IPTC's mark of a picture that a trained model made. No path of this machine is in it.
/// </summary>
/// <param name="isLeftOut">Whether pictures carry nothing of it.</param>
internal sealed class PictureMetadata(bool isLeftOut)
{
    /// <summary>The keyword of the record.</summary>
    public const string RecordKeyword = "imgalign";

    private const string XmpKeyword = "XML:com.adobe.xmp";

    // http://cv.iptc.org/newscodes/digitalsourcetype
    private const string Made = "trainedAlgorithmicMedia";
    private const string MadeFromAnother = "compositeWithTrainedAlgorithmicMedia";

    /// <summary>The option that leaves it out.</summary>
    public static Option<bool> CreateOption() =>
        new("--no-metadata")
        {
            Description = "Write pictures without prompt, settings, record and the mark of a picture made by a model in them.",
        };

    /// <summary>The texts of a picture's file.</summary>
    /// <param name="record">Its record.</param>
    /// <param name="isMadeHere">Whether it was made, and is not a picture that was given.</param>
    /// <returns>The texts by their keywords; null: none.</returns>
    public IReadOnlyDictionary<string, string>? Of(GenerationRecord record, bool isMadeHere = true) =>
        isLeftOut || !isMadeHere
            ? null
            : new Dictionary<string, string>
            {
                [PictureParameters.Keyword] = PictureParameters.Write(record),
                [RecordKeyword] = RecordJson.Write(record.WithoutPaths()),
                [XmpKeyword] = Xmp(record.Image is null ? Made : MadeFromAnother),
            };

    // Tells a reader of the packet its encoding.
    private const char Mark = '\uFEFF';

    private static string Xmp(string sourceType) =>
        $"""
            <?xpacket begin="{Mark}" id="W5M0MpCehiHzreSzNTczkc9d"?>
            <x:xmpmeta xmlns:x="adobe:ns:meta/">
             <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
              <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
                xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
                xmp:CreatorTool="ImgAlign"
                Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/{sourceType}"/>
             </rdf:RDF>
            </x:xmpmeta>
            <?xpacket end="r"?>
            """;
}
