using TorchSharp;

namespace ImgAlign;

}
